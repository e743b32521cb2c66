package filewatch

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// TestMain runs tests next to each other, since they mostly wait. Those that replace open, or that
// count goroutines, run before them.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what must come, and nothing for what must not.
const (
	patience = 10 * time.Second
	nothing  = 150 * time.Millisecond
)

// must fails the test on an error of a change.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(content), 0o644))
}

// told counts the calls of changed.
type told struct{ n atomic.Int64 }

func watching(t *testing.T, w *Watcher, path string, tree bool) *told {
	t.Helper()
	n := &told{}
	stop := w.Watch(path, tree, func() { n.n.Add(1) })
	t.Cleanup(stop)
	return n
}

// comes waits until changed was called, and then until it is not called any more.
func (n *told) comes(t *testing.T, what string) {
	t.Helper()
	for deadline := time.Now().Add(patience); n.n.Load() == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: was not told", what)
		}
	}
	n.settles()
}

// settles waits until changed is not called any more, and forgets that it was.
func (n *told) settles() {
	for last := int64(-1); n.n.Load() != last; time.Sleep(4 * quiet) {
		last = n.n.Load()
	}
	n.n.Store(0)
}

// never fails the test if changed is called.
func (n *told) never(t *testing.T, what string) {
	t.Helper()
	time.Sleep(nothing)
	if n.n.Load() > 0 {
		t.Fatalf("%s: was told", what)
	}
}

// step is a change, and whether it is told.
type step struct {
	what  string
	do    func(t *testing.T, dir string)
	quiet bool
}

func writes(path, content string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { write(t, filepath.Join(dir, path), content) }
}

func renames(from, to string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { must(t, os.Rename(filepath.Join(dir, from), filepath.Join(dir, to))) }
}

func removes(path string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { must(t, os.RemoveAll(filepath.Join(dir, path))) }
}

func makes(path string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { must(t, os.MkdirAll(filepath.Join(dir, path), 0o755)) }
}

func links(path, to string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755))
		must(t, os.Symlink(to, filepath.Join(dir, path)))
	}
}

func all(dos ...func(*testing.T, string)) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		for _, do := range dos {
			do(t, dir)
		}
	}
}

// TestChangesAreTold does one thing after the other, so that each is done to what the steps before
// have left.
func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	if goruntime.GOOS != "linux" {
		t.Skip("what a system tells differs")
	}
	for name, test := range map[string]struct {
		path   string
		tree   bool
		before func(*testing.T, string)
		steps  []step
	}{
		"file": {path: "a", before: writes("a", "1"), steps: []step{
			{what: "written", do: writes("a", "2")},
			{what: "neighbour", do: writes("b", "2b"), quiet: true},
			{what: "replaced", do: renames("b", "a")},
			{what: "written after that", do: writes("a", "3")},
			{what: "renamed away", do: renames("a", "c")},
			{what: "written under its new name", do: writes("c", "4"), quiet: true},
			{what: "renamed back", do: renames("c", "a")},
			{what: "removed", do: removes("a")},
			{what: "made", do: writes("a", "5")},
			{what: "mode", do: func(t *testing.T, dir string) { must(t, os.Chmod(filepath.Join(dir, "a"), 0o755)) }},
			{what: "neighbouring directory", do: writes("d/a", "2"), quiet: true},
			{what: "read", do: func(t *testing.T, dir string) {
				_, err := os.ReadFile(filepath.Join(dir, "a"))
				must(t, err)
			}, quiet: true},
		}},
		"file that is not there": {path: "x/y/z/a", before: makes("."), steps: []step{
			{what: "first directory", do: makes("x")},
			{what: "its neighbour", do: makes("w"), quiet: true},
			{what: "others", do: makes("x/y/z")},
			{what: "file", do: writes("x/y/z/a", "1")},
			{what: "all removed", do: removes("x")},
			{what: "all made", do: writes("x/y/z/a", "1")},
			{what: "written", do: writes("x/y/z/a", "2")},
		}},
		"directories that lead to a file": {path: "x/y/a", before: all(writes("x/y/a", "1"), writes("new/y/a", "2")), steps: []step{
			{what: "renamed", do: renames("x", "old")},
			{what: "another in its place", do: renames("new", "x")},
			{what: "written there", do: writes("x/y/a", "3")},
			{what: "written to the old one", do: writes("old/y/a", "3b"), quiet: true},
			{what: "exchanged in one go", do: all(renames("x", "new"), renames("old", "x"))},
			{what: "written after that", do: writes("x/y/a", "4")},
			{what: "written to the other", do: writes("new/y/a", "4"), quiet: true},
		}},
		"links": {path: "link/current/a", before: all(
			links("link", "real"), links("real/current", "../releases/1"), writes("releases/1/a", "1"), writes("releases/2/a", "2"), links("releases/3", "2"),
		), steps: []step{
			{what: "target written", do: writes("releases/1/a", "2")},
			{what: "other release", do: writes("releases/2/a", "3"), quiet: true},
			{what: "link replaced", do: all(links("real/next", "../releases/3"), renames("real/next", "real/current"))},
			{what: "new target written", do: writes("releases/2/a", "4")},
			{what: "old target written", do: writes("releases/1/a", "4b"), quiet: true},
			{what: "link of the target replaced", do: all(removes("releases/3"), links("releases/3", "1"))},
			{what: "its target written", do: writes("releases/1/a", "5")},
			{what: "first link dangles", do: all(removes("link"), links("link", "nowhere"))},
			{what: "its target appears", do: writes("nowhere/current/a", "1")},
			{what: "file becomes a link", do: all(removes("nowhere/current/a"), links("nowhere/current/a", "../../releases/1/a"))},
			{what: "target of the file", do: writes("releases/1/a", "6")},
			{what: "loop", do: all(removes("nowhere/current/a"), links("nowhere/current/a", "a"))},
			{what: "none any more", do: all(removes("nowhere/current/a"), writes("nowhere/current/a", "1"))},
		}},
		"tree": {path: "t", tree: true, before: all(writes("t/a", "1"), writes("t/x/y/b", "1"), writes("elsewhere/c", "1"), links("t/out", "../elsewhere")), steps: []step{
			{what: "file", do: writes("t/a", "2")},
			{what: "file below", do: writes("t/x/y/b", "2")},
			{what: "new file below", do: writes("t/x/y/c", "2")},
			{what: "executable", do: func(t *testing.T, dir string) { must(t, os.Chmod(filepath.Join(dir, "t/x/y/c"), 0o755)) }},
			{what: "what a link leads to", do: writes("elsewhere/c", "2"), quiet: true},
			{what: "link", do: all(removes("t/out"), links("t/out", "elsewhere"))},
			{what: "new directories", do: makes("t/n/o/p")},
			{what: "file in them", do: writes("t/n/o/p/q", "1")},
			{what: "directory renamed", do: renames("t/n", "t/m")},
			{what: "file in it", do: writes("t/m/o/p/q", "2")},
			{what: "directory moved out", do: renames("t/m/o", "o")},
			{what: "file in it, outside", do: writes("o/p/q", "3"), quiet: true},
			{what: "moved in again", do: renames("o", "t/o")},
			{what: "file in it, inside", do: writes("t/o/p/q", "4")},
			{what: "neighbour", do: writes("u/a", "1"), quiet: true},
			{what: "removed", do: removes("t")},
			{what: "made", do: writes("t/x/a", "1")},
			{what: "written", do: writes("t/x/a", "2")},
			{what: "becomes a file", do: all(removes("t"), writes("t", "1"))},
			{what: "becomes a link", do: all(removes("t"), links("t", "u"))},
			{what: "what it leads to", do: writes("u/a", "2")},
		}},
	} {
		for _, poll := range []bool{false, true} {
			t.Run(fmt.Sprint(name, map[bool]string{true: ", polled"}[poll]), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				test.before(t, dir)
				w := &Watcher{Poll: poll, Interval: 2 * quiet}
				n := watching(t, w, filepath.Join(dir, test.path), test.tree)
				for _, step := range test.steps {
					step.do(t, dir)
					switch {
					case step.quiet:
						n.never(t, step.what)
					case poll && (step.what == "mode" || step.what == "first directory" || step.what == "others"): // which is no change of content
					default:
						n.comes(t, step.what)
					}
				}
			})
		}
	}
}

func TestPathsAreWhatTheSystemMakesOfThem(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x/y/a"), "1")
	write(t, filepath.Join(dir, "a"), "1")
	must(t, os.Symlink("x/y", filepath.Join(dir, "link")))
	t.Chdir(dir)
	w := &Watcher{}
	// Cleaned, these would be other files.
	up := watching(t, w, "link/../y/./a", false)
	abs := watching(t, w, dir+"/link/..//y/a", false)
	top := watching(t, w, "a", false)
	t.Chdir("/")
	write(t, filepath.Join(dir, "x/y/a"), "2")
	up.comes(t, "relative")
	abs.comes(t, "absolute")
	top.never(t, "another")
	for _, path := range []string{"", "/", ".", "//"} {
		watching(t, w, path, false)
	}
}

func TestExchangedDirectoriesAreToldApart(t *testing.T) {
	t.Parallel()
	if goruntime.GOOS != "linux" {
		t.Skip("what a system tells differs")
	}
	dir := t.TempDir()
	w := &Watcher{}
	var n [2]*told
	for i, name := range []string{"x/y/a", "z/y/a"} {
		write(t, filepath.Join(dir, name), name)
		n[i] = watching(t, w, filepath.Join(dir, name), false)
	}
	all(renames("x", "tmp"), renames("z", "x"), renames("tmp", "z"))(t, dir)
	n[0].comes(t, "exchanged")
	n[1].comes(t, "exchanged, too")
	write(t, filepath.Join(dir, "x/y/a"), "new")
	n[0].comes(t, "written")
	n[1].never(t, "the other written")
	write(t, filepath.Join(dir, "z/y/a"), "new")
	n[1].comes(t, "other written")
	n[0].never(t, "written, the other")
}

func TestBurstsAreGathered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	w := &Watcher{}
	n := watching(t, w, path, false)
	writes := 0
	for began := time.Now(); time.Since(began) < 3*longest/2; writes++ {
		write(t, path, time.Now().String())
		time.Sleep(quiet / 10)
	}
	if got := n.n.Load(); got < 1 || got > 10 {
		t.Errorf("told %d times of %d writes, while these came", got, writes)
	}
	n.settles()
}

func TestNothingIsDueBetweenChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := &Watcher{}
	for i := range 1000 {
		path := filepath.Join(dir, fmt.Sprint(i%10), fmt.Sprint(i))
		write(t, path, "1")
		watching(t, w, path, false)
	}
	for deadline := time.Now().Add(patience); w.session.sleeps() < time.Hour; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("something is due in %v", w.session.sleeps())
		}
	}
	if n := len(w.session.folders); n > 20 {
		t.Errorf("%d folders are watched for 10", n)
	}
}

func TestWhatIsStoppedHoldsNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "x/a"), "1")
	write(t, filepath.Join(dir, "y/z/a"), "1")
	before := goruntime.NumGoroutine()
	for round := range 3 {
		w := &Watcher{}
		var n told
		stopFile := w.Watch(filepath.Join(dir, "x/a"), false, func() { n.n.Add(1) })
		stopTree := w.Watch(dir, true, func() { n.n.Add(1) })
		write(t, filepath.Join(dir, "x/a"), fmt.Sprint(round))
		n.comes(t, "written")
		stopTree()
		stopTreeAgain := w.Watch(dir, true, func() { n.n.Add(1) })
		stopTreeAgain()
		_, used := w.session.folders[filepath.Join(dir, "x")]
		if _, left := w.session.folders[filepath.Join(dir, "y/z")]; !used || left {
			t.Errorf("watched are %v", w.session.folders)
		}
		stopFile()
		write(t, filepath.Join(dir, "x/a"), "other")
		n.never(t, "stopped")
		if w.session != nil {
			t.Error("there still is a session")
		}
	}
	for deadline := time.Now().Add(patience); goruntime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left", goruntime.NumGoroutine()-before)
		}
	}
}

// limited is a system that watches no more than so many directories.
type limited struct {
	system
	left int
}

func (l *limited) Add(folder string) error {
	if l.left--; l.left < 0 {
		return syscall.ENOSPC
	}
	return l.system.Add(folder)
}

// log is a logger's output.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *log) wants(t *testing.T, times int, text string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := strings.Count(l.text.String(), text); got != times {
		t.Errorf("%q was said %d times, want %d, in\n%s", text, got, times, l.text.String())
	}
}

func TestLimitsOfTheSystemAreSaidOnceAndWorkedAround(t *testing.T) {
	if goruntime.GOOS != "linux" {
		t.Skip("limits are those of Linux")
	}
	was := open
	defer func() { open = was }()
	for _, test := range []struct {
		fix  string
		open func() (system, <-chan fsnotify.Event, <-chan error, error)
	}{
		{"max_user_watches", func() (system, <-chan fsnotify.Event, <-chan error, error) {
			s, events, failures, err := was()
			return &limited{s, 12}, events, failures, err
		}},
		{"max_user_instances", func() (system, <-chan fsnotify.Event, <-chan error, error) {
			return nil, nil, nil, fmt.Errorf("cannot open: %w", syscall.EMFILE)
		}},
	} {
		open = test.open
		dir, l := t.TempDir(), &log{}
		w := &Watcher{Logger: l.logger(), Interval: quiet}
		var watched []*told
		for i := range 5 {
			path := filepath.Join(dir, fmt.Sprint(i), "a")
			write(t, path, "1")
			watched = append(watched, watching(t, w, path, false))
		}
		for i, n := range watched {
			write(t, filepath.Join(dir, fmt.Sprint(i), "a"), "changed")
			n.comes(t, fmt.Sprint(test.fix, " ", i))
		}
		l.wants(t, 1, test.fix)
		l.wants(t, 1, "\n")
	}
}

func TestFilesThatTheSystemMakesUpAreLookedAt(t *testing.T) {
	t.Parallel()
	if goruntime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	l := &log{}
	w := &Watcher{Logger: l.logger(), Interval: quiet}
	watching(t, w, "/proc/self/stat", false).comes(t, "/proc/self/stat")
	l.wants(t, 1, "(proc)")
}

func TestLostEventsAreTakenForChanges(t *testing.T) {
	was := open
	defer func() { open = was }()
	failures := make(chan error)
	open = func() (system, <-chan fsnotify.Event, <-chan error, error) {
		s, events, _, err := was()
		return s, events, failures, err
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "1")
	w := &Watcher{}
	a, b := watching(t, w, filepath.Join(dir, "a"), false), watching(t, w, dir, true)
	failures <- errors.New("overflow")
	a.comes(t, "file")
	b.comes(t, "tree")
	write(t, filepath.Join(dir, "a"), "2")
	a.comes(t, "file written after that")
	b.comes(t, "tree after that")
}
