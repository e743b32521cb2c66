//go:build linux

package disk_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// contents returns what there is in a directory, with sizes and times.
func contents(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && !strings.HasSuffix(path, "-shm") && !strings.HasSuffix(path, "-wal") && !d.IsDir() {
			all = append(all, path+" "+info.ModTime().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// useReadOnly has hits of results 1 and 2, which are there, and executes 3, which is not.
func useReadOnly(t *testing.T, s *disk.Store) {
	t.Helper()
	executed := []int{}
	c := calls(s, func(n int) ([]byte, error) {
		executed = append(executed, n)
		return resultOf(n), nil
	})
	for _, n := range []int{1, 2, 3, 3} {
		if got, err := run(c, n); err != nil || string(got) != string(resultOf(n)) {
			t.Errorf("call %d has %d bytes, %v", n, len(got), err)
		}
	}
	if !slices.Equal(executed, []int{3}) {
		t.Errorf("executed %v, want 3, once", executed)
	}
	if failed := c.Runner().Stats().StoreErrors; failed != 0 {
		t.Errorf("%d errors of the store", failed)
	}
	listed := 0
	for _, err := range s.History(ctx, store.Filter{}) {
		if listed++; err != nil {
			t.Error(err)
		}
	}
	if listed != 2 {
		t.Errorf("%d executions are listed", listed)
	}
	for what, err := range map[string]error{
		"Begin":   second(begin(s, 9)),
		"Renew":   second(s.Renew(ctx, store.Lease{Ref: refOf(9)}, store.Record{})),
		"End":     end(s, store.Lease{Ref: refOf(9)}, nil),
		"Delete":  second(s.Delete(ctx, refOf(1))),
		"SetMark": second(s.SetMark(ctx, "m", store.Mark{})),
		"GC":      s.GC(ctx),
	} {
		if !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
}

// filled returns a directory with a store that has results 1 and 2.
func filled(t *testing.T) (dir string) {
	dir = t.TempDir()
	s := open(t, dir, disk.Options{})
	c := calls(s, func(n int) ([]byte, error) { return resultOf(n), nil })
	for n := 1; n <= 2; n++ {
		if _, err := run(c, n); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	return dir
}

func TestAStoreThatIsOpenForReadingStaysAsItIs(t *testing.T) {
	dir := filled(t)
	before := contents(t, dir)
	s := open(t, dir, disk.Options{ReadOnly: true})
	useReadOnly(t, s)
	s.Close()
	if after := contents(t, dir); !slices.Equal(before, after) {
		t.Errorf("%q became %q", before, after)
	}
	// What another one writes meanwhile is seen.
	s = open(t, dir, disk.Options{ReadOnly: true})
	w := open(t, dir, disk.Options{})
	put(t, w, 7, noise(100))
	if _, err := read(s, 7); err != nil {
		t.Error(err)
	}
	if _, err := disk.Open("", disk.Options{Dir: t.TempDir(), ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a store that is not there: %v", err)
	}
}

// mountReadOnly returns where a directory can be read, and not written.
func mountReadOnly(t *testing.T, dir string) (to string) {
	t.Helper()
	to = t.TempDir()
	mount(t, dir, to, "", syscall.MS_BIND, "")
	if err := syscall.Mount("", to, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		cannotMount(t, err)
	}
	return to
}

// TestAStoreOnAReadOnlyFileSystem serves hits, also when its last writer was killed.
func TestAStoreOnAReadOnlyFileSystem(t *testing.T) {
	if inNamespace(t) {
		return
	}
	open1 := filled(t)
	defer open(t, open1, disk.Options{}).Close()
	put(t, open(t, open1, disk.Options{}), 50, nil) // so that there is a log
	killed := t.TempDir()
	if err := os.CopyFS(killed, os.DirFS(open1)); err != nil {
		t.Fatal(err)
	}
	for what, dir := range map[string]string{"open for writing": open1, "whose writer was killed": killed} {
		s := open(t, mountReadOnly(t, dir), disk.Options{ReadOnly: true})
		for n := 1; n <= 2; n++ {
			if got, err := run(calls(s, func(n int) ([]byte, error) { return nil, errors.New("executed") }), n); err != nil || string(got) != string(resultOf(n)) {
				t.Errorf("%s: call %d has %d bytes, %v", what, n, len(got), err)
			}
		}
		s.Close()
	}
	mount := mountReadOnly(t, filled(t))
	s := open(t, mount, disk.Options{ReadOnly: true})
	useReadOnly(t, s)
	s.Close()
	if _, err := disk.Open("", disk.Options{Dir: mount}); !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "set WORKGEN_CACHE=read") {
		t.Errorf("for writing: %v", err)
	}
	for _, value := range []string{"read", "only"} {
		t.Setenv("WORKGEN_CACHE", value)
		s := open(t, mount, disk.Options{})
		c := calls(s, func(n int) ([]byte, error) { return resultOf(n), nil })
		if got, err := run(c, 1); err != nil || string(got) != string(resultOf(1)) {
			t.Errorf("%s: %d bytes, %v", value, len(got), err)
		}
		var miss *runtime.MissError
		if _, err := run(c, 5); errors.As(err, &miss) != (value == "only") {
			t.Errorf("%s: %v", value, err)
		}
		s.Close()
	}
	t.Setenv("WORKGEN_CACHE", "off")
	s = open(t, mount, disk.Options{})
	if got, err := run(calls(s, func(n int) ([]byte, error) { return []byte("computed"), nil }), 1); err != nil || string(got) != "computed" {
		t.Errorf("off: %q, %v", got, err)
	}
	useClosed(t, s)
	s.Close()
}

// useClosed has ErrClosed of all.
func useClosed(t *testing.T, s *disk.Store) {
	t.Helper()
	_, stop := s.Watch(refOf(1))
	stop()
	s.OnDelete(func([]store.Ref) bool { return true })
	for what, err := range map[string]error{
		"Lookup": s.Lookup(context.Background(), []store.Ref{refOf(1)}, make([]store.Found, 1)),
		"Begin":  second(begin(s, 9)),
		"Delete": second(s.Delete(ctx, refOf(1))),
		"Mark":   second(s.Mark(ctx, "m")),
		"GC":     s.GC(ctx),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, err := range s.History(ctx, store.Filter{}) {
		if !errors.Is(err, store.ErrClosed) {
			t.Error(err)
		}
	}
}

// TestAStoreThatWasMadeWithoutAQueueHasOne when somebody uses it, and stays of its version.
func TestAStoreThatWasMadeWithoutAQueueHasOne(t *testing.T) {
	const tables = "SELECT count(*) FROM sqlite_master WHERE name IN ('task', 'worker', 'want')"
	dir := filled(t)
	before := query(t, dir, "SELECT user_version FROM pragma_user_version")
	read := open(t, dir, disk.Options{ReadOnly: true})
	wantTasks(t, read.Queue(), 0, 0)
	s := open(t, dir, disk.Options{})
	wantTasks(t, s.Queue(), 0, 0)
	if n := query(t, dir, tables); n != 0 {
		t.Errorf("it has %d tables of the queue before somebody pushes", n)
	}
	push(t, s.Queue(), 1)
	if n := query(t, dir, tables); n != 3 || query(t, dir, "SELECT user_version FROM pragma_user_version") != before {
		t.Errorf("it has %d tables of the queue, or another version", n)
	}
	wantTasks(t, read.Queue(), 1, 0)
	useReadOnly(t, read)
}
