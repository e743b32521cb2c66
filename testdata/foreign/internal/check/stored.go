package check

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store/disk"
)

// storeVariable tells a process that a test has started where the results are
// that it reads back.
const storeVariable = "FOREIGN_STORE"

// stored puts the results of a work into a store, and lets another process read
// them back. Works with NotStored must be refused a store when the runner is made.
func stored[A any](t *testing.T, b *Builder, newRunner func(opts ...runtime.Option) Runner[A]) {
	t.Helper()
	dir := t.TempDir()
	s, err := disk.Open("foreign", disk.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if b.NotStored != "" {
		refused(t, b.NotStored, func() { newRunner(runtime.WithStore(s)) })
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return
	}
	r := newRunner(runtime.WithStore(s))
	if _, err := r.Run(Build[A](b)); err != nil {
		t.Fatal(err)
	}
	if n := r.Stats().StoreErrors; n > 0 {
		t.Errorf("%d results were not stored", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), storeVariable+"="+dir, "WORKGEN_CACHE=only")
	if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), "read back") {
		t.Errorf("another process: %v\n%s", err, out)
	}
}

// readBack compares the results that another process has stored with those of an
// execution.
func readBack[A any](t *testing.T, b *Builder, dir string, newRunner func(opts ...runtime.Option) Runner[A]) {
	t.Helper()
	s, err := disk.Open("foreign", disk.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := newRunner(runtime.WithStore(s)).Run(Build[A](b))
	if err != nil {
		t.Fatal(err)
	}
	want, err := newRunner().Run(Build[A](b))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, b.Compare...); diff != "" {
		t.Errorf("a result does not come back as it was (-want +got):\n%s", diff)
	}
	t.Log("read back")
}

// refused expects a panic that names what cannot be stored.
func refused(t *testing.T, what string, newRunner func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), what) {
			t.Errorf("the panic is %v, want one with %q", v, what)
		}
	}()
	newRunner()
}
