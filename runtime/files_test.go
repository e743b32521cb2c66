package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/testdata/golden/files"
)

// fakeFiles is a FileWatcher that tells what tests say.
type fakeFiles struct {
	meanwhile func(path string) // called by Watch; may be nil

	mu      sync.Mutex
	watched map[string]func() // by path; that of a tree ends in "/..."
	begun   int               // watches
}

func (f *fakeFiles) Watch(path string, tree bool, changed func()) (stop func()) {
	if tree {
		path += "/..."
	}
	if f.meanwhile != nil {
		f.meanwhile(path)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watched == nil {
		f.watched = map[string]func(){}
	}
	if f.watched[path] != nil {
		panic(path + " is watched twice")
	}
	f.watched[path] = changed
	f.begun++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.watched[path] == nil {
			panic(path + " is stopped twice")
		}
		delete(f.watched, path)
	}
}

// tell tells that what is at path has changed.
func (f *fakeFiles) tell(path string) {
	f.mu.Lock()
	changed := f.watched[path]
	f.mu.Unlock()
	if changed != nil {
		changed()
	}
}

// names are those of the files that are watched.
func (f *fakeFiles) names() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, path := range slices.Sorted(maps.Keys(f.watched)) {
		name := filepath.Base(path)
		if name == "..." {
			name = filepath.Base(filepath.Dir(path)) + "/..."
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

// fileLoop is a running loop over files of a directory.
type fileLoop struct {
	*fakeFiles
	t      *testing.T
	dir    string
	load   *files.LoadRunner
	passes atomic.Int64

	noting sync.Mutex
	log    []string // what the flow has noted since it was last asked for
}

// inFileLoop runs a loop in a bubble, and test while it runs.
func inFileLoop(t *testing.T, flow func(ctx context.Context, l *fileLoop) error, test func(l *fileLoop)) {
	t.Helper()
	l := &fileLoop{t: t, dir: t.TempDir(), fakeFiles: &fakeFiles{}}
	for _, name := range []string{"a", "b", "c"} {
		l.write(name, name)
	}
	synctest.Test(t, func(t *testing.T) {
		l.t = t
		l.load = files.NewLoadRunner(&files.Load{During: func() { time.Sleep(time.Minute) }})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		loop := &runtime.Loop{
			Files: l.fakeFiles, KeepGoing: true, Logger: slog.New(slog.DiscardHandler),
			Flow: func(ctx context.Context) error {
				l.passes.Add(1)
				return flow(ctx, l)
			},
		}
		go func() { ended <- loop.Run(ctx) }()
		l.rest()
		test(l)
		cancel()
		<-ended
		synctest.Wait()
		if n := l.names(); n != "" {
			t.Errorf("after the end of the loop, watched are: %s", n)
		}
	})
}

func (l *fileLoop) path(name string) key.File { return key.File(filepath.Join(l.dir, name)) }

func (l *fileLoop) write(name, content string) {
	l.t.Helper()
	if err := os.WriteFile(string(l.path(name)), []byte(content), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

// rest waits until only a change of a file makes the flow run again.
func (l *fileLoop) rest() {
	time.Sleep(time.Hour)
	synctest.Wait()
}

func (l *fileLoop) note(text string) {
	l.noting.Lock()
	defer l.noting.Unlock()
	l.log = append(l.log, text)
}

// noted returns what the flow has noted since it was last asked for.
func (l *fileLoop) noted() []string {
	l.noting.Lock()
	defer l.noting.Unlock()
	noted := l.log
	l.log = nil
	return noted
}

func (l *fileLoop) wants(want ...string) {
	l.t.Helper()
	if got := l.noted(); !slices.Equal(got, want) {
		l.t.Errorf("the flow noted %q, want %q", got, want)
	}
}

// run loads files one after the other, and notes their contents.
func (l *fileLoop) run(ctx context.Context, names ...string) error {
	for _, name := range names {
		content, err := l.load.Run(ctx, l.path(name))
		if err != nil {
			return err
		}
		l.note(name + "=" + content)
	}
	return nil
}

func TestChangesOfItsFilesRunAFlowAgain(t *testing.T) {
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error { return l.run(ctx, "a") }, func(l *fileLoop) {
		l.wants("a=a")
		l.write("a", "new")
		l.rest()
		l.wants()
		l.tell(string(l.path("a")))
		l.rest()
		l.wants("a=new")
		executions := l.load.Stats().Executions
		l.tell(string(l.path("a"))) // nothing has changed
		l.rest()
		l.wants("a=new")
		if got := l.load.Stats().Executions; got != executions {
			t.Errorf("%d executions because of nothing", got-executions)
		}
		if l.begun != 1 {
			t.Errorf("the watch began %d times", l.begun)
		}
	})
}

func TestAChangeBeforeTheWatchBeginsIsSeen(t *testing.T) {
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error {
		l.meanwhile = func(string) { l.write("a", "new") }
		return l.run(ctx, "a")
	}, func(l *fileLoop) { l.wants("a=new") })
}

func TestAChangeOfAHitBeforeTheWatchBeginsIsSeen(t *testing.T) {
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error { return l.run(ctx, "a") }, func(l *fileLoop) {
		var once sync.Once
		other := &fakeFiles{meanwhile: func(string) { once.Do(func() { l.write("a", "new") }) }}
		loop := runtime.Loop{Files: other, Flow: func(ctx context.Context) error {
			content, err := l.load.Run(ctx, l.path("a"))
			if content == "new" {
				return runtime.Stop
			}
			return err
		}}
		ctx, cancel := context.WithTimeout(l.t.Context(), time.Hour)
		defer cancel()
		if err := loop.Run(ctx); err != nil {
			l.t.Error(err)
		}
	})
}

func TestFilesThatAreReadAtTheEndAreNotWatched(t *testing.T) {
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error {
		if err := l.run(ctx, "a"); err != nil {
			return err
		}
		<-ctx.Done()
		return l.run(ctx, "b")
	}, func(l *fileLoop) {
		if got := l.names(); got != "a" {
			l.t.Errorf("watched are: %s", got)
		}
	})
}

func TestHitsAreWatched(t *testing.T) {
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error { return l.run(ctx, "a") }, func(l *fileLoop) {
		for name, ask := range map[string]func(ctx context.Context) error{
			"Run": func(ctx context.Context) error {
				_, err := l.load.Run(ctx, l.path("a"))
				return err
			},
			"Start": func(ctx context.Context) error {
				_, err := l.load.Start(ctx, l.path("a")).Result()
				return err
			},
		} {
			other, passes := &fakeFiles{}, 0
			ctx, cancel := context.WithCancel(l.t.Context())
			loop := runtime.Loop{Files: other, Flow: func(ctx context.Context) error {
				passes++
				return ask(ctx)
			}}
			ended := make(chan error)
			go func() { ended <- loop.Run(ctx) }()
			l.rest()
			other.tell(string(l.path("a")))
			l.rest()
			if passes != 2 {
				l.t.Errorf("%s: %d passes, want one, and one for the change", name, passes)
			}
			cancel()
			<-ended
		}
		l.wants("a=a")
	})
}

func TestAFileThatChangesWhileItIsReadIsReadAgain(t *testing.T) {
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error { return l.run(ctx, "a") }, func(l *fileLoop) {
		l.write("a", "1")
		l.tell(string(l.path("a")))
		time.Sleep(10 * time.Second)
		l.write("a", "2") // while the body runs
		l.tell(string(l.path("a")))
		l.rest()
		l.wants("a=a", "a=2")
		l.write("a", "3")
		l.tell(string(l.path("a")))
		time.Sleep(10 * time.Second)
		l.write("a", "4")
		time.Sleep(2 * time.Minute) // the body ends before anybody tells
		l.tell(string(l.path("a")))
		l.rest()
		if got := l.noted(); got[len(got)-1] != "a=4" {
			l.t.Errorf("the flow noted %q", got)
		}
	})
}

// TestAFlowThatWaitsInPlaceReadsAFileAgain has a file change at the end of the body that reads
// it, before anybody tells, while the flow waits in place for that.
func TestAFlowThatWaitsInPlaceReadsAFileAgain(t *testing.T) {
	for _, started := range []bool{false, true} {
		var results []string
		path := key.File(filepath.Join(t.TempDir(), "a"))
		write := func(content string) {
			if err := os.WriteFile(string(path), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("old")
		synctest.Test(t, func(t *testing.T) {
			double := files.NewDoubleRunner(&files.Double{})
			load := files.NewLoadRunner(&files.Load{During: func() {
				time.Sleep(time.Second)
				write("new")
			}})
			loop := runtime.Loop{Files: &fakeFiles{}, Logger: slog.New(slog.DiscardHandler), Flow: func(ctx context.Context) error {
				for i := range 200 {
					if _, err := double.Run(ctx, files.Hint{N: i}); err != nil {
						return err
					}
				}
				var content string
				var err error
				if started {
					content, err = load.Start(ctx, path).Wait(ctx)
				} else {
					content, err = load.Run(ctx, path)
				}
				if err != nil {
					return err
				}
				results = append(results, content)
				return runtime.Stop
			}}
			if err := loop.Run(t.Context()); err != nil {
				t.Errorf("started %v: the loop ended with: %v", started, err)
			}
		})
		if !slices.Equal(results, []string{"new"}) {
			t.Errorf("started %v: the flow got %q", started, results)
		}
	}
}

func TestWhatAFlowHasNotAskedForDoesNotWakeIt(t *testing.T) {
	first := "a"
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error { return l.run(ctx, first, "b") }, func(l *fileLoop) {
		if got := l.names(); got != "a b" {
			l.t.Errorf("watched are: %s", got)
		}
		first = "c"
		l.tell(string(l.path("b")))
		time.Sleep(10 * time.Second) // c executes, and the flow has not come to b
		if got := l.names(); got != "a b c" {
			l.t.Errorf("watched while the flow waits: %s", got)
		}
		passes := l.passes.Load()
		l.tell(string(l.path("a")))
		l.tell(string(l.path("b")))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if l.passes.Load() != passes {
			l.t.Error("woken by a file that the latest pass has not read")
		}
		l.rest()
		if got := l.names(); got != "b c" {
			l.t.Errorf("watched after the flow got through: %s", got)
		}
		l.noted()
		l.write("b", "new")
		l.tell(string(l.path("b")))
		l.rest()
		l.wants("c=c", "c=c", "b=new") // suspended once
	})
}

func TestFilesAreFoundWhereverTheyAreAmongTheInputs(t *testing.T) {
	config := key.File("config")
	merge, cut := files.NewMergeRunner(&files.Merge{Config: &config}), files.NewCutRunner(&files.Cut{})
	parse := files.NewParseRunner(&files.Parse{During: func() {}})
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error {
		from := files.Source{Paths: []key.File{"p1", "p2"}}
		if _, err := merge.Run(ctx, from, map[string]key.Dir{"x": "dir1", "y": "dir2"}); err != nil {
			return err
		}
		if _, err := cut.Run(ctx, &files.Part{Of: "part"}); err != nil {
			return err
		}
		if _, err := parse.Run(ctx, "text"); err != nil {
			return err
		}
		_, err := parse.Run(ctx, l.path("c"))
		return err
	}, func(l *fileLoop) {
		if got, want := l.names(), "c config dir1/... dir2/... p1 p2 part"; got != want {
			l.t.Errorf("watched are: %s, want %s", got, want)
		}
	})
}

func TestWhatHasNoKeyIsTriedAgainWhenItChanges(t *testing.T) {
	said := false // the flow runs again after a while, too
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error {
		err := l.run(ctx, "a")
		if err != nil && !runtime.Suspended(err) && !said {
			said = true
			l.note(fmt.Sprint("failed: ", strings.Contains(err.Error(), "is a directory")))
		}
		return err
	}, func(l *fileLoop) {
		l.wants("a=a")
		path := string(l.path("a"))
		if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
			l.t.Fatal(err)
		}
		l.tell(path)
		l.rest()
		l.wants("failed: true")
		if err := os.Remove(path); err != nil {
			l.t.Fatal(err)
		}
		l.write("a", "file")
		l.tell(path)
		l.rest()
		l.wants("a=file")
	})
}

func TestFilesAreAskedForFromManyGoroutines(t *testing.T) {
	inFileLoop(t, func(ctx context.Context, l *fileLoop) error {
		var group sync.WaitGroup
		errs := make([]error, 100)
		for i := range errs {
			group.Go(func() { _, errs[i] = l.load.Run(ctx, l.path([]string{"a", "b", "c"}[i%3])) })
		}
		group.Wait()
		return errors.Join(errs...)
	}, func(l *fileLoop) {
		if got := l.names(); got != "a b c" || l.begun != 3 {
			l.t.Errorf("%d watches of: %s", l.begun, got)
		}
	})
}

func TestFilesWakeNobodyWithoutAWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load, passes := files.NewLoadRunner(&files.Load{}), 0
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		path := key.File(filepath.Join(t.TempDir(), "a"))
		if err := os.WriteFile(string(path), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		loop := runtime.Loop{Flow: func(ctx context.Context) error {
			passes++
			_, err := load.Run(ctx, path)
			return err
		}, KeepGoing: true, Logger: slog.New(slog.DiscardHandler)}
		go func() {
			time.Sleep(time.Minute)
			_ = os.WriteFile(string(path), []byte("new"), 0o644)
		}()
		_ = loop.Run(ctx)
		if passes != 2 {
			t.Errorf("%d passes, want two", passes)
		}
	})
}

func TestAFlowWaitsAMinuteForAFileThatAlwaysChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := runtime.NewCalls(runtime.Spec[key.Fingerprint, struct{}, int]{
			Name:    "example.com/files.Changing",
			Execute: func(context.Context, struct{}) (int, error) { return 0, nil },
			Identify: func(struct{}) (uint64, key.Fingerprint, *key.Encoder) {
				e := key.Borrow()
				e.Fail(fmt.Errorf("read a: %w", key.ErrChanging))
				id := e.Fingerprint()
				return id.Hash(), id, e
			},
			CloneKey: key.Fingerprint.Clone,
			Outside:  true,
		})
		for _, test := range []struct {
			watcher runtime.FileWatcher
			waits   time.Duration
			passes  int
		}{{nil, 0, 1}, {&fakeFiles{}, time.Minute, 61}} {
			began, passes := time.Now(), 0
			loop := runtime.Loop{Files: test.watcher, Logger: slog.New(slog.DiscardHandler), Flow: func(ctx context.Context) error {
				passes++
				_, err := calls.Start(ctx, struct{}{}).Result()
				return err
			}}
			err := loop.Run(t.Context())
			var unkeyed *runtime.UnkeyedError
			if !errors.As(err, &unkeyed) || time.Since(began) != test.waits || passes != test.passes {
				t.Errorf("with %v, the loop ended after %v and %d passes with %v; want %v and %d passes",
					test.watcher, time.Since(began), passes, err, test.waits, test.passes)
			}
		}
	})
}
