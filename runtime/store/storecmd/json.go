package storecmd

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"github.com/workgen/workgen/runtime/internal/console"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// object prints a line of JSON.
func (c *inspector) object(v any) error { return WriteJSON(c.stdout, v) }

// WriteJSON prints what a command has to say with -json: one line, in which is escaped what a
// terminal may obey.
func WriteJSON(w io.Writer, v any) error {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(console.JSON(line.Bytes()))
	return err
}

// executionJSON is an execution as -json prints it. Fields may be added.
type executionJSON struct {
	Key       key.Key       `json:"key"`
	Work      string        `json:"work"`
	Status    string        `json:"status"`
	Attempt   int           `json:"attempt"`
	Schema    string        `json:"schema,omitempty"`
	Code      string        `json:"code,omitempty"`
	Args      []argJSON     `json:"arguments"`
	Host      string        `json:"host,omitempty"`
	PID       int           `json:"pid,omitempty"`
	Program   string        `json:"program,omitempty"`
	Writer    string        `json:"writer,omitempty"`
	Requested time.Time     `json:"requested,omitzero"`
	Started   time.Time     `json:"started,omitzero"`
	Finished  time.Time     `json:"finished,omitzero"`
	Progress  *progressJSON `json:"progress,omitempty"`
	Size      int64         `json:"size"`
	Error     string        `json:"error,omitempty"`
	Stack     string        `json:"stack,omitempty"`
	Log       string        `json:"log,omitempty"`
	Retry     time.Time     `json:"retry,omitzero"`
	Expires   time.Time     `json:"expires,omitzero"`
	Gone      time.Time     `json:"gone,omitzero"`
	Used      time.Time     `json:"used,omitzero"`
	Hits      int64         `json:"hits"`
	Seq       uint64        `json:"seq"` // an execution that began later has a greater one
}

type progressJSON struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"`
	Note  string `json:"note,omitempty"`
}

type argJSON struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Text   string `json:"text,omitempty"`
	Secret bool   `json:"secret,omitempty"`
	Digest string `json:"digest"`
}

func toJSON(r *store.Record) executionJSON {
	j := executionJSON{
		Key: r.Key, Work: r.Work, Status: r.Status.String(), Attempt: r.Attempt,
		Schema: r.Schema, Code: r.Code, Args: []argJSON{},
		Host: r.Origin.Host, PID: r.Origin.PID, Program: r.Origin.Program, Writer: r.Writer,
		Requested: r.Requested, Started: r.Started, Finished: r.Finished, Size: r.Size,
		Error: r.Error, Stack: r.Stack, Log: r.Log, Retry: r.Retry, Expires: r.Expires, Gone: r.Gone, Used: r.Used, Hits: r.Hits, Seq: r.Seq,
	}
	if r.Progress != (store.Progress{}) {
		j.Progress = &progressJSON{r.Progress.Done, r.Progress.Total, r.Progress.Note}
	}
	for _, a := range r.Args {
		if a.Secret {
			a.Text = ""
		}
		j.Args = append(j.Args, argJSON{a.Name, a.Type, a.Text, a.Secret, hex.EncodeToString(a.Digest[:])})
	}
	return j
}
