package main

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"

	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/disk"
)

// kept is a line of what fill keeps in a store.
type kept struct {
	Work    string
	Args    [][]string // name, value, type (string) and the content of a file; a name with ! is secret
	Code    string
	Symbols []string
	Build   []string
	Ago     string // when it finished; it took 2 s
	Fails   string // why, if it does
	GivenUp bool   // for good
	Ends    string // "running", "stopped" and "lost": it does not end otherwise
	Attempt int    // 0 is the first
	Stack   string
	Log     string
	Retry   string // in how long
	Steps   store.Progress
	Rows    int  // of the result
	Expires bool // it has expired already
	Deleted bool
	Got     int  // how often
	Noise   bool // the result cannot be compressed

	Tasks int // so many calls are queued in the first of Pools
	Slots int // of a worker, in Pools, that has taken Takes of them
	Takes int
	Pools []string
}

// dataset is the result of all calls.
type dataset struct {
	Day  string
	Rows []byte
}

// fill keeps calls in a store, the oldest first: fill directory file.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill directory file")
	}
	open := func(lease time.Duration) *disk.Store {
		s, err := disk.Open("", disk.Options{Dir: ts.MkAbs(args[0]), Relaxed: true, Manual: true, Lease: lease})
		ts.Check(err)
		return s
	}
	s := open(0)
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[1])))
	for lines.Scan() {
		var k kept
		ts.Check(json.Unmarshal(lines.Bytes(), &k))
		if k.Tasks > 0 {
			ts.Check(k.push(s))
			continue
		}
		if k.Ends != "running" && k.Ends != "lost" && k.Slots == 0 {
			ts.Check(k.keep(s))
			continue
		}
		runs := open(map[string]time.Duration{"lost": time.Millisecond}[k.Ends])
		ts.Defer(func() { _ = runs.Close() }) // gives the lease up
		if k.Slots > 0 {
			ts.Check(k.serve(runs))
		} else {
			ts.Check(k.keep(runs))
		}
	}
	ts.Check(s.Close())
}

// route is that of the code of a work.
func (k *kept) route() queue.Route { return sha256.Sum256([]byte(k.Work + k.Code)) }

// push queues calls for workers.
func (k *kept) push(s *disk.Store) error {
	for n := range k.Tasks {
		t := queue.Task{
			Ref: store.Ref{Work: k.Work, Key: sha256.Sum256([]byte(k.Work + k.Code + k.Pools[0] + strconv.Itoa(n)))}, Route: k.route(),
			Pool: k.Pools[0], Caller: 1,
		}
		if err := s.Queue().Push(context.Background(), t); err != nil {
			return err
		}
	}
	return nil
}

// serve reports a worker, and takes tasks for it.
func (k *kept) serve(s *disk.Store) error {
	w := queue.Worker{
		ID: 0x17, Origin: store.Origin{Host: "here", PID: 4711, Program: "daily"}, Pools: k.Pools, Slots: k.Slots, Busy: k.Takes,
		Serves: []queue.Served{{Work: k.Work, Route: k.route()}},
	}
	_, err := s.Queue().Report(context.Background(), w, nil)
	for range k.Takes {
		if err == nil {
			_, err = s.Queue().Take(context.Background(), w)
		}
	}
	return err
}

// keep puts a call, whose key is made from all that should count.
func (k *kept) keep(s store.Store) error {
	ctx := context.Background()
	since, err := ago(k.Ago)
	if err != nil {
		return err
	}
	finished := time.Now().Add(-since)
	r := store.Record{
		Ref: store.Ref{Work: k.Work}, Schema: "s1", Code: k.Code, Symbols: strings.Join(k.Symbols, "\n"), Build: strings.Join(k.Build, "\n"),
		Origin:  store.Origin{Host: "here", PID: 4711, Program: "daily"},
		Started: finished.Add(-2 * time.Second), Finished: finished,
		Attempt: max(k.Attempt, 1), Error: k.Fails, Stack: k.Stack, Log: k.Log, Progress: k.Steps,
	}
	if k.Retry != "" {
		in, err := ago(k.Retry)
		if err != nil {
			return err
		}
		r.Retry = time.Now().Add(in)
	}
	words := k.Work + k.Code
	for _, a := range k.Args {
		name, secret := strings.CutPrefix(a[0], "!")
		value := strings.Join(a[1:], "")
		sum := sha256.Sum256([]byte(value))
		words += a[0] + value
		arg := store.Arg{Name: name, Type: "string", Secret: secret, Digest: [16]byte(sum[:])}
		if !secret {
			arg.Text = a[1]
		}
		if len(a) > 2 {
			arg.Type = a[2]
		}
		r.Args = append(r.Args, arg)
	}
	r.Key = sha256.Sum256([]byte(words))
	if k.Expires {
		r.Expires = finished
	}
	result := dataset{"25", make([]byte, k.Rows)}
	if k.Noise {
		_, _ = rand.NewChaCha8([32]byte{}).Read(result.Rows)
	}
	l, err := s.Begin(ctx, r)
	if r.Status = store.Succeeded; k.Fails != "" {
		r.Status = store.Failed
	}
	if k.GivenUp {
		r.Status = store.GivenUp
	}
	switch k.Ends {
	case "running", "lost":
		if err == nil {
			_, err = s.Renew(ctx, l, r)
		}
		return err
	case "stopped":
		r.Status = store.Stopped
	}
	if err == nil {
		err = s.End(ctx, l, r, store.Encoded(codec.Default, "s1", &result))
	}
	for ; err == nil && k.Got > 0; k.Got-- {
		err = s.Lookup(ctx, []store.Ref{r.Ref}, make([]store.Found, 1))
	}
	if err == nil && k.Deleted {
		_, err = s.Delete(ctx, r.Ref)
	}
	return err
}

// ago is time.ParseDuration, and knows days.
func ago(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

// damage overwrites the end of all files of large results, or the records of all executions:
// damage directory [records].
func damageStore(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case neg || len(args) == 0 || len(args) > 2:
		ts.Fatalf("usage: damage directory [records]")
	case len(args) == 2:
		db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), "store.db"))
		ts.Check(err)
		defer db.Close()
		_, err = db.Exec(`UPDATE execution SET record = zeroblob(20)`)
		ts.Check(err)
		return
	}
	paths, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "results", "*", "*"))
	ts.Check(err)
	if len(paths) == 0 {
		ts.Fatalf("no large result to damage")
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		ts.Check(err)
		b[len(b)-1] ^= 1
		ts.Check(os.WriteFile(path, b, 0o600))
	}
}

// older unpacks a store that was written when the tables had version 1: older directory.
func older(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: older directory")
	}
	archive, err := zip.OpenReader(filepath.Join("..", "..", "runtime", "store", "disk", "testdata", "version1.zip"))
	ts.Check(err)
	defer archive.Close()
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), archive))
}

// nasty are texts of which a terminal, or who reads it, must get no byte as it is.
var nasty = []string{
	"\x1b]0;owned\a\x1b[31m", "\x9b31m", "\u009b31m", "\r\nworkgen: forged", "\x00\x7f\b", "\u202egnp.exe\u202c", "\u2066\u2069\u200f",
	"a\u200bb\ufeff\u2060", "\u2028\u2029\u0085", "\xc3\x28\xed\xa0\x80", "\U000e0041\ufe0f", "\t\v\f",
}

func TestNothingInAStoreReachesTheTerminalAsItIs(t *testing.T) {
	base := t.TempDir()
	t.Setenv("WORKGEN_STORE", base)
	bad := strings.Join(nasty, " ")
	dir := filepath.Join(base, "it's\x1b[31m\u202e\x9b")
	s, err := disk.Open("", disk.Options{Dir: dir, Relaxed: true, Manual: true})
	if err != nil {
		t.Skip(err) // such a name is not possible here
	}
	keys := keepNasty(t, s, bad)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	work := bad + ".Work"
	for _, args := range [][]string{
		{"ls"}, {"ls", "-limit", "1"}, {"ls", "-work", work}, {"ls", "-work", "None"}, {"ls", "-work", bad}, {"ls", "-key", "000000000"},
		{"show", keys[0]}, {"show", keys[1]}, {"show", "Work"}, {"show", "000000000"},
		{"export"}, {"export", "-results", "Work"}, {"export", "ork"},
		{"why"}, {"why", "Work"}, {"why", "ork"}, {"why", keys[0]}, {"why", keys[1]},
		{"queue"}, {"gc"}, {"verify"}, {"rm", "-all"}, {"rm", keys[0]}, {"rm", "-all", "-y"}, {"rm", "Work"},
		{"ls", "-store", "none"}, {"ls", "-store", filepath.Join(dir, "none")},
	} {
		for _, more := range [][]string{{}, {"-json"}} {
			var out, problems strings.Builder
			run(append(append([]string{"store"}, args...), more...), strings.NewReader(""), &out, &problems)
			for line := range strings.SplitSeq(out.String()+problems.String(), "\n") {
				if text := strings.TrimPrefix(line, "\t"); text != preview.Line(text) || strings.HasPrefix(line, "workgen: forged") {
					t.Errorf("%q %q prints %+q", args, more, line)
				}
			}
		}
	}
}

// keepNasty keeps an execution that has failed and one that has succeeded, with a bad text
// wherever there is one, and returns their keys.
func keepNasty(t *testing.T, s store.Store, bad string) (keys []string) {
	for i, status := range []store.Status{store.Failed, store.Succeeded} {
		r := store.Record{
			Ref:    store.Ref{Work: bad + ".Work", Key: sha256.Sum256([]byte{byte(i)})},
			Schema: bad, Code: bad, Symbols: bad + " 1" + strconv.Itoa(i) + "\nx " + strconv.Itoa(i), Build: bad + ": " + bad + strconv.Itoa(i),
			Args:   []store.Arg{{Name: bad, Type: bad, Text: bad + strconv.Itoa(i), Digest: [16]byte{byte(i)}}, {Name: bad, Type: bad, Secret: true}},
			Origin: store.Origin{Host: bad, Program: bad, PID: 1}, Started: time.Now(), Finished: time.Now(),
		}
		l, err := s.Begin(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		var result io.WriterTo
		if r.Status = status; status == store.Failed {
			r.Error, r.Stack, r.Log = bad, bad+"\n"+bad, bad+"\n"+bad
			r.Progress = store.Progress{Note: bad}
		} else {
			result = store.Encoded(codec.Default, "s1", &dataset{Day: bad})
		}
		if err := s.End(t.Context(), l, r, result); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, r.Key.String())
	}
	return keys
}

// How long a history is, programs say, which have other bounds than a command would.
func TestCollectingLeavesTheHistory(t *testing.T) {
	dir := t.TempDir()
	s, err := disk.Open("", disk.Options{Dir: dir, Relaxed: true, Manual: true, HistoryAge: -1})
	if err != nil {
		t.Fatal(err)
	}
	k := kept{Work: "example.com/daily.Fetch", Ago: "1h", Fails: "no such bucket"}
	for range 2 {
		if err := k.keep(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "store.db"))
	if err == nil {
		_, err = db.Exec(`UPDATE execution SET seq = seq - 100 * 86400 * 1000000 WHERE seq = (SELECT min(seq) FROM execution)`)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"gc", "ls"} {
		var out, problems strings.Builder
		if status := run([]string{"store", args, "-store", dir}, nil, &out, &problems); status != 0 {
			t.Fatal(problems.String())
		}
		if n := strings.Count(out.String(), "daily.Fetch"); args == "ls" && n != 2 {
			t.Errorf("%d executions are left of 2:\n%s", n, out.String())
		}
	}
}
