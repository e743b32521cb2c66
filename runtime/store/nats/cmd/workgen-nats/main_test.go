package main

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/natstest"
)

var ctx = context.Background()

// tool executes commands on one store.
type tool struct {
	t    *testing.T
	args []string
}

// execute executes a command line, and returns what it printed and its exit status.
func (x tool) execute(line string) (out, problems string, status int) {
	var o, p strings.Builder
	status = run(append(strings.Fields(line), x.args...), strings.NewReader(""), &o, &p)
	return o.String(), p.String(), status
}

// prints executes a command line, and fails the test unless it succeeds and prints each of some
// texts.
func (x tool) prints(line string, texts ...string) {
	x.t.Helper()
	out, problems, status := x.execute(line)
	if status != 0 || problems != "" {
		x.t.Errorf("%s: exit status %d: %s", line, status, problems)
	}
	x.want(line, out, texts)
}

// fails executes a command line, and fails the test unless its exit status is 2 and it complains
// with each of some texts.
func (x tool) fails(line string, texts ...string) {
	x.t.Helper()
	out, problems, status := x.execute(line)
	if status != 2 {
		x.t.Errorf("%s: exit status %d, want 2", line, status)
	}
	x.want(line, out+problems, texts)
}

func (x tool) want(line, out string, texts []string) {
	x.t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			x.t.Errorf("%s does not print %q but:\n%s", line, text, out)
		}
	}
}

// filled makes a store with an execution that has failed, one that has succeeded, and one that runs.
func filled(t *testing.T, url string) {
	t.Helper()
	s, err := nats.Open(ctx, nats.Options{URL: url, Namespace: "sales", Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, day := range []string{"22", "23", "24"} {
		r := store.Record{
			Ref:    store.Ref{Work: "example.com/daily.Fetch", Key: sha256.Sum256([]byte(day))},
			Schema: "s1", Code: "c1", Nonce: 1, Attempt: 1,
			Args:   []store.Arg{{Name: "day", Type: "string", Text: day}},
			Origin: store.Origin{Host: "here", PID: 4711, Program: "daily"},
		}
		l, err := s.Begin(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		switch r.Finished = time.Now(); day {
		case "22":
			r.Status, r.Error = store.Failed, "no such bucket"
			err = s.End(ctx, l, r, nil)
		case "23":
			r.Status = store.Succeeded
			err = s.End(ctx, l, r, store.Encoded(codec.Default, "s1", &struct{ Rows int }{7}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestOperatorsLookIntoAStore(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	filled(t, c.URL())
	x := tool{t, []string{"-store", c.URL(), "-namespace", "sales"}}
	x.prints("ls", "daily.Fetch  failed", "daily.Fetch  succeeded", "daily.Fetch  running", "day=24")
	x.prints("ls -status failed -json", `"error":"no such bucket"`)
	x.prints("show Fetch", "day", "daily[4711]@here")
	x.prints("why Fetch")
	if _, problems, status := x.execute("queue"); status != 0 || !strings.Contains(problems, "nothing is queued") {
		t.Errorf("queue: exit status %d: %s", status, problems)
	}
	x.prints("verify")
	x.prints("rm -work Fetch -y", "deleted ")
	x.prints("gc")
}

func TestErrorsSayWhatToDo(t *testing.T) {
	c := natstest.Start(t, 1, nil)
	x := tool{t, []string{"-store", c.URL()}}
	for _, line := range []string{"ls", "gc", "rm -all -y"} {
		x.fails(line, "there is no store in namespace workgen on 127.0.0.1:", "name another one with -namespace")
	}
	if _, err := nats.Open(ctx, nats.Options{URL: c.URL(), ReadOnly: true}); err == nil {
		t.Error("a command has made a store")
	}
	x.args = nil
	t.Setenv("NATS_URL", "nats://ann:secret@127.0.0.1:1")
	x.fails("ls", "there is no server at 127.0.0.1:1: ", "name one with -store, or with NATS_URL")
	if _, problems, _ := x.execute("ls"); strings.Contains(problems, "secret") {
		t.Errorf("the password is in: %s", problems)
	}
	x.fails("permissions somebody", "somebody: there is no such role: give reader, caller, worker, owner")
	x.fails("ls -creds none", "none")
}

// TestUsersMayWhatPermissionsPrints gives the printed permissions to a user of a server, whose
// configuration it is.
func TestUsersMayWhatPermissionsPrints(t *testing.T) {
	var printed string
	for _, role := range []string{"reader", "worker"} {
		out, problems, status := tool{t, nil}.execute("permissions " + role + " -namespace sales")
		if status != 0 {
			t.Fatal(problems)
		}
		printed += "  { user: " + role + ", password: x, " + out + "  }\n"
	}
	path := filepath.Join(t.TempDir(), "server.conf")
	text := "authorization { users: [\n" + printed + "  { user: owner, password: x }\n] }\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	configured, err := server.ProcessConfigFile(path)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	c := natstest.Start(t, 1, func(o *server.Options) { o.Users = configured.Users })
	as := func(user string) string { return strings.Replace(c.URL(), "://", "://"+user+":x@", 1) }
	filled(t, as("owner"))
	reader, worker := tool{t, []string{"-store", as("reader"), "-namespace", "sales"}}, tool{t, []string{"-store", as("worker"), "-namespace", "sales"}}
	reader.prints("ls", "daily.Fetch  failed")
	reader.fails("rm -work Fetch -y", "let the user do what this prints: workgen-nats permissions worker -namespace sales")
	worker.prints("rm -work Fetch -y", "deleted ")
}

func TestHelpReadsWell(t *testing.T) {
	x := tool{t, nil}
	x.prints("-h", "Workgen-nats looks into a store in NATS JetStream", "  permissions Print what a user", "With -json every command")
	x.prints("permissions caller -json", `"publish":[`)
	x.fails("", `no command: run "workgen-nats -h" for usage`)
}
