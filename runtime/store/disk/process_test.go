//go:build unix

package disk_test

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/crashtest"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/storetest"
)

var kills = flag.Int("kills", 0, "how many processes TestKilledProcesses kills (0: 60, or 12 with -short)")

// The tests of this file run this binary again, as one of these.
var children = map[string]func(s *disk.Store, dir string, arg int){
	"kill": killChild, "hit": hitChild, "share": shareChild, "hold": holdChild, "stop": stopChild, "writing": writingChild,
	"rebuild": rebuildChild,
}

func TestMain(m *testing.M) {
	crashtest.Child(openForCrash)
	if name := os.Getenv("DISK_TEST_CHILD"); name != "" {
		dir := os.Getenv("DISK_TEST_DIR")
		arg, _ := strconv.Atoi(os.Getenv("DISK_TEST_ARG"))
		o := disk.Options{Dir: filepath.Join(dir, "store"), Lease: 10 * time.Second}
		if name == "stop" || name == "stoprunner" { // it writes nothing by itself: all would wait for it if it was stopped meanwhile
			o.Lease, o.Manual = 200*time.Millisecond, true
		}
		o.Manual = o.Manual || name == "hit" // else it counts the hits of the one before, and may be killed between that and their removal
		s, err := disk.Open("", o)
		if err != nil {
			say("failed", err)
			os.Exit(1)
		}
		children[name](s, dir, arg)
		_ = s.Close()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var mu sync.Mutex

// say tells the parent something. A line is written at once, or not at all.
func say(words ...any) {
	mu.Lock()
	defer mu.Unlock()
	_, _ = os.Stdout.WriteString(fmt.Sprintln(words...))
}

// child is a process that runs one of the children.
type child struct {
	*exec.Cmd
	lines chan string // closed when it has ended
}

func start(t *testing.T, name, dir string, arg int) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0]), lines: make(chan string, 1000)}
	c.Env = append(os.Environ(), "DISK_TEST_CHILD="+name, "DISK_TEST_DIR="+dir, "DISK_TEST_ARG="+strconv.Itoa(arg))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	go func() {
		defer close(c.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			c.lines <- scan.Text()
		}
		_ = c.Wait()
	}()
	return c
}

// line waits for the next line of a child.
func (c *child) line(t *testing.T) string {
	t.Helper()
	select {
	case line := <-c.lines:
		return line
	case <-time.After(time.Minute):
		t.Fatal("a child says nothing")
		return ""
	}
}

// resultOf is the result of call n: some are small, some in files, some both.
func resultOf(n int) []byte {
	random := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)})
	b := make([]byte, []int{100, 6000, 100_000}[n%3])
	_, _ = random.Read(b)
	return b
}

// killChild executes calls until it is killed. Locks and files, which are none of
// the store's, witness that nobody executes what somebody else executes, or what was
// completed before.
func killChild(s *disk.Store, dir string, base int) {
	const calls = 40
	for {
		n := base + rand.IntN(calls)
		data, err := storetest.Do(ctx, s, refOf(n), func(store.Lease) ([]byte, error) {
			f, err := os.OpenFile(filepath.Join(dir, "witness", strconv.Itoa(n)), os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
				say("failed: call", n, "is executed twice at a time")
			}
			if _, err := os.Stat(filepath.Join(dir, "done", strconv.Itoa(n))); err == nil {
				say("failed: call", n, "is executed again")
			}
			time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
			return resultOf(n), nil
		})
		if err != nil || !bytes.Equal(data, resultOf(n)) {
			say("failed: call", n, "has", len(data), "bytes,", err)
			return
		}
		if err := os.WriteFile(filepath.Join(dir, "done", strconv.Itoa(n)), nil, 0o600); err != nil {
			say("failed", err)
		}
		say("done", n)
	}
}

func TestKilledProcessesLoseNothing(t *testing.T) {
	dir, calls := killMany(t, "kill")
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	for n := range calls {
		if data, err := read(s, n); err != nil || !bytes.Equal(data, resultOf(n)) {
			t.Errorf("call %d, which was completed, has %d bytes, %v", n, len(data), err)
		}
	}
	lost := 0
	for r, err := range s.History(ctx, store.Filter{Status: []store.Status{store.Running, store.Lost}}) {
		if lost++; err != nil || r.Status != store.Lost || r.Error != "its process has died" || r.Finished.IsZero() {
			t.Errorf("of a process that was killed there is %v: %q, %v", r.Status, r.Error, err)
		}
	}
	if lost == 0 {
		t.Error("no execution was lost")
	}
	// What the dead have left is gone soon after somebody opens the store.
	wantSoon(t, "files of dead processes", func() bool {
		temps, _ := os.ReadDir(filepath.Join(dir, "store", "tmp"))
		live, _ := os.ReadDir(filepath.Join(dir, "store", "live"))
		return len(temps) == 0 && len(live) <= 2
	})
	if err := s.GC(ctx); err != nil {
		t.Error(err)
	}
	wantNoOrphans(t, filepath.Join(dir, "store"))
}

// killMany has four children of a name at a time execute calls, kills them again
// and again, and returns the calls that they have completed, in which directory.
// TestNothingIsLostWhileADatabaseIsMadeAnew, again and again, by processes that are killed.
func TestNothingIsLostWhileADatabaseIsMadeAnew(t *testing.T) {
	dir, completed := killMany(t, "rebuild")
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	for n := range completed {
		if data, err := read(s, n); err != nil || !bytes.Equal(data, resultOf(n)) {
			t.Errorf("call %d has %d bytes, %v", n, len(data), err)
		}
	}
	if err := errors.Join(s.GC(ctx), s.Check(ctx)); err != nil {
		t.Error(err)
	}
	wantNoOrphans(t, s.Dir()) // and one database
	if left, _ := os.ReadDir(filepath.Join(s.Dir(), "tmp")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// rebuildChild is a killChild that takes its database for damaged now and then.
func rebuildChild(s *disk.Store, dir string, base int) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	disk.RepairAtOnce()
	go func() {
		for ; ; time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) {
			s.FindDamage()
		}
	}()
	killChild(s, dir, base)
}

func killMany(t *testing.T, name string) (dir string, calls map[int]bool) {
	t.Helper()
	rounds := *kills
	if rounds == 0 {
		rounds = 60
		if testing.Short() {
			rounds = 12
		}
	}
	dir = t.TempDir()
	for _, d := range []string{"witness", "done"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	completed := make([]map[int]bool, 4)
	for i := range 4 {
		completed[i] = map[int]bool{}
		wg.Go(func() {
			for n := i; n < rounds; n += 4 {
				killOne(t, name, dir, n*8, completed[i])
			}
		})
	}
	wg.Wait()
	calls = map[int]bool{}
	for _, ns := range completed {
		for n := range ns {
			calls[n] = true
		}
	}
	t.Logf("%d processes killed, %d calls completed", rounds, len(calls))
	if len(calls) == 0 {
		t.Error("no call was completed")
	}
	return dir, calls
}

// killOne starts a process, kills it, and notes which calls it had completed.
func killOne(t *testing.T, name, dir string, base int, completed map[int]bool) {
	c := start(t, name, dir, base)
	kill := func() { _ = c.Process.Kill() }
	after := time.Duration(rand.IntN(40_000)) * time.Microsecond
	if rand.IntN(4) == 0 { // while it starts, perhaps
		time.AfterFunc(after, kill)
	}
	line := c.line(t) // its start takes longer than its life
	for time.AfterFunc(after, kill); line != ""; line = <-c.lines {
		var n int
		if _, err := fmt.Sscanf(line, "done %d", &n); err != nil {
			t.Error(line)
			continue
		}
		completed[n] = true
	}
}

const shared = 1000 / min(slowdown, 4) // calls

// shareChild wants all of many calls, from several goroutines.
func shareChild(s *disk.Store, _ string, _ int) {
	var wg sync.WaitGroup
	order := rand.Perm(shared)
	for i := range 8 {
		wg.Go(func() {
			for j := i; j < len(order); j += 8 {
				n := order[j]
				data, err := storetest.Do(ctx, s, refOf(n), func(store.Lease) ([]byte, error) {
					say("executed", n)
					return resultOf(n)[:100], nil
				})
				if err != nil || !bytes.Equal(data, resultOf(n)[:100]) {
					say("failed: call", n, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestFourProcessesExecuteEachCallOnce(t *testing.T) { executeOnce(t, "share") }

// executeOnce has four children of a name want the same calls.
func executeOnce(t *testing.T, name string) {
	t.Helper()
	dir := t.TempDir()
	begin := time.Now()
	var processes []*child
	for range 4 {
		processes = append(processes, start(t, name, dir, 0))
	}
	executed := map[string]int{}
	for _, c := range processes {
		for line := range c.lines {
			if !strings.HasPrefix(line, "executed ") {
				t.Error(line)
			}
			executed[line]++
		}
	}
	for line, n := range executed {
		if n != 1 {
			t.Errorf("%s %d times", line, n)
		}
	}
	if len(executed) != shared {
		t.Errorf("%d calls were executed, want %d", len(executed), shared)
	}
	t.Logf("%d calls wanted by 4 processes took %v", shared, time.Since(begin))
}

// hitChild gets results, and ends without a word to the store.
func hitChild(s *disk.Store, _ string, n int) {
	for i := range n {
		if _, err := read(s, i%3); err != nil {
			say("failed", err)
		}
	}
	say("done")
	time.Sleep(time.Minute)
}

func TestAProcessThatEndsAtOnceLosesNoHit(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"), disk.Options{Manual: true})
	for n := range 3 {
		put(t, s, n, noise(100))
	}
	for range 2 {
		c := start(t, "hit", dir, 7)
		if line := c.line(t); line != "done" {
			t.Fatal(line)
		}
		_ = c.Process.Kill()
		for range c.lines { // until it has ended
		}
	}
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	if n := query(t, s.Dir(), "SELECT sum(hits) FROM execution"); n != 14 {
		t.Errorf("%d hits were counted, want 14", n)
	}
	if live, _ := os.ReadDir(filepath.Join(s.Dir(), "live")); len(live) != 1 {
		t.Errorf("of the dead there are %v", live)
	}
}

// holdChild holds a lease until it is told otherwise.
func holdChild(s *disk.Store, _ string, n int) {
	_, err := begin(s, n)
	say("held", err)
	time.Sleep(time.Minute)
}

func TestTheLeaseOfAKilledProcessIsTakenOverAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	var took []time.Duration
	for n := range 8 {
		c := start(t, "hold", dir, n)
		if line := c.line(t); line != "held <nil>" {
			t.Fatal(line)
		}
		changed, stop := s.Watch(refOf(n))
		_, err := begin(s, n)
		var held *store.HeldError
		if !errors.As(err, &held) || held.Origin.PID != c.Process.Pid {
			t.Fatalf("Begin: %v, want a HeldError of process %d", err, c.Process.Pid)
		}
		began := time.Now()
		_ = c.Process.Kill()
		for errors.Is(err, store.ErrHeld) {
			<-changed
			_, err = begin(s, n)
		}
		took = append(took, time.Since(began))
		if err != nil {
			t.Error(err)
		}
		for r, err := range s.History(ctx, store.Filter{Status: []store.Status{store.Lost}, Limit: 1}) {
			if err != nil || r.Key != keyOf(n) || r.Error != "its process has died" {
				t.Errorf("lost is %+v, %v", r, err)
			}
		}
		stop()
	}
	t.Logf("taken over after %v", took)
	slow := 0
	for _, d := range took {
		if d > 500*time.Millisecond {
			slow++
		}
	}
	if slow > len(took)/2 {
		t.Errorf("taken over after %v: by polling, it seems", took)
	}
}

// stopChild begins an execution, and tries to end it once it was stopped and goes on.
func stopChild(s *disk.Store, _ string, n int) {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	l, err := begin(s, n)
	say("held", err)
	<-goesOn
	_, renewed := s.Renew(ctx, l, recordOf(n))
	say("then", errors.Is(renewed, store.ErrLost), errors.Is(end(s, l, []byte("late")), store.ErrLost))
}

func TestAStoppedProcessLosesItsLease(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store"), disk.Options{})
	c := start(t, "stop", dir, 1)
	if line := c.line(t); line != "held <nil>" {
		t.Fatal(line)
	}
	_ = c.Process.Signal(syscall.SIGSTOP)
	data, err := storetest.Do(ctx, s, refOf(1), func(store.Lease) ([]byte, error) { return []byte("in time"), nil })
	if err != nil || string(data) != "in time" {
		t.Fatalf("%q, %v", data, err)
	}
	_ = c.Process.Signal(syscall.SIGCONT)
	if line := c.line(t); line != "then true true" {
		t.Errorf("the stopped process says %q", line)
	}
	if data, err := read(s, 1); string(data) != "in time" {
		t.Errorf("%q, %v", data, err)
	}
}

// writingChild takes the write lock, and never gives it back.
func writingChild(_ *disk.Store, dir string, _ int) {
	f, err := os.OpenFile(filepath.Join(dir, "store", "write.lock"), os.O_RDWR, 0)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	say("has the write lock", err)
	time.Sleep(time.Hour)
}

// TestWhoOnlyLooksWaitsForNoStoppedWriter: only what is written needs the write lock, and a
// store that is up to date is opened and closed without.
func TestWhoOnlyLooksWaitsForNoStoppedWriter(t *testing.T) {
	dir := t.TempDir()
	first := open(t, filepath.Join(dir, "store"), disk.Options{Manual: true})
	put(t, first, 1, []byte("x"))
	c := start(t, "writing", dir, 0)
	if line := c.line(t); line != "has the write lock <nil>" {
		t.Fatal(line)
	}
	_ = c.Process.Signal(syscall.SIGSTOP)
	looked := make(chan error)
	go func() { looked <- look(filepath.Join(dir, "store")) }()
	select {
	case err := <-looked:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("who looks waits for the stopped process")
	}
	_ = c.Process.Kill()
}

// look does what workgen store does.
func look(dir string) error {
	s, err := disk.Open("", disk.Options{Dir: dir, Manual: true})
	if err != nil {
		return err
	}
	e, err := s.Peek(ctx, refOf(1))
	if err == nil {
		err = e.Close()
	}
	for _, listed := range s.History(ctx, store.Filter{}) {
		err = errors.Join(err, listed)
	}
	return errors.Join(err, s.Close())
}
