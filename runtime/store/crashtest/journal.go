package crashtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// An event is a line in a journal.
type event struct {
	At   moment `json:"at"`
	What what   `json:"what"`
	N    int    `json:"n"` // of the call

	Caller  int    `json:"caller,omitempty"` // who asks for it, in this process
	Key     string `json:"key,omitempty"`
	Exec    string `json:"exec,omitempty"`    // of the execution, unique in a round
	Token   uint64 `json:"token,omitempty"`   // of its lease
	Nonce   uint64 `json:"nonce,omitempty"`   // that Begin was given
	Sent    moment `json:"sent,omitempty"`    // when the store was asked
	Expires moment `json:"expires,omitempty"` // when a lease does
	Status  string `json:"status,omitempty"`  // with which an execution ends
	Err     string `json:"err,omitempty"`

	process string // whose journal it is in
}

// what says what has happened.
type what string

const (
	asks    what = "asks"    // a caller, who then waits
	gets    what = "gets"    // that caller: Exec and Token of the result, or Err
	begun   what = "begun"   // the store gave a lease
	renewed what = "renewed" // the store renewed a lease
	lost    what = "lost"    // the store says so of a lease
	body    what = "body"    // begins
	returns what = "returns" // a body, with Err if it failed
	ending  what = "ending"  // the store is going to be told
	ended   what = "ended"   // the store said so
	forget  what = "forget"  // somebody begins to delete a call
	forgot  what = "forgot"  // that is done
	closes  what = "closes"  // the store is going to be closed
	silent  what = "silent"  // the store did not answer, or says that it cannot

	// Of the queue; the call is told by its Key.
	takes    what = "takes"     // a worker, its task
	puts     what = "puts"      // a worker, the task off, or says that it is done
	unwanted what = "unwanted"  // the queue said so of a task
	withdraw what = "withdraws" // a caller has withdrawn
)

func (w what) isOfQueue() bool {
	return w == takes || w == puts || w == unwanted || w == withdraw
}

// moment is a time in microseconds since 1970; 0: never.
type moment int64

func now() moment { return moment(time.Now().UnixMicro()) }

func momentOf(t time.Time) moment {
	if t.IsZero() {
		return 0
	}
	return moment(t.UnixMicro())
}

// plus returns the moment that comes after d.
func (m moment) plus(d time.Duration) moment { return m + moment(d/time.Microsecond) }

func (m moment) String() string { return time.UnixMicro(int64(m)).Format("15:04:05.000000") }

// String describes an event for people.
func (e *event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %-6s %-8s", e.At, e.process, e.What)
	say := func(format string, is bool, value any) {
		if is {
			fmt.Fprintf(&b, format, value)
		}
	}
	say(" caller %d", e.Caller != 0, e.Caller)
	say(" execution %s", e.Exec != "", e.Exec)
	say(" token %d", e.Token != 0, e.Token)
	say(" %s", e.Status != "", e.Status)
	say(" asked %v", e.Sent != 0, e.Sent)
	say(" expires %v", e.Expires != 0, e.Expires)
	say(": %s", e.Err != "", e.Err)
	return b.String()
}

// A journal takes the events of one process. It may be used concurrently.
type journal interface{ note(event) }

// fileJournal is a file. What was noted survives the process.
type fileJournal struct{ *os.File }

func openJournal(path string) (fileJournal, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	return fileJournal{f}, err
}

func (j fileJournal) note(e event) {
	e.At = now()
	line, err := json.Marshal(e)
	if err == nil {
		_, err = j.Write(append(line, '\n'))
	}
	if err != nil {
		panic(fmt.Sprintf("crashtest: a journal cannot be written: %v", err))
	}
}

// readJournal reads what a process has noted. The last line may have been cut by its death.
func readJournal(path, process string) (events []event, err error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil // it was killed before it noted anything
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	for _, line := range lines {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break
		}
		e := event{process: process}
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("journal of process %s: %w", process, err)
		}
		events = append(events, e)
	}
	return events, err
}

// noJournal is for who only looks.
type noJournal struct{}

func (noJournal) note(event) {}
