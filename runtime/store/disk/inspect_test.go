package disk_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

func TestPeekingLeavesNoTrace(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	put(t, s, 1, noise(100))
	put(t, s, 2, noise(100_000))
	put(t, s, 3, noise(100))
	for _, n := range []int{1, 2} {
		e, err := s.Peek(ctx, refOf(n))
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(e); err != nil || int64(len(data)) != e.Size {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		_ = e.Close()
	}
	if _, err := s.Peek(ctx, refOf(4)); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	query(t, dir, "UPDATE result SET data = zeroblob(100) WHERE seq = (SELECT min(seq) FROM result)")
	if err := os.WriteFile(files(t, dir)[0], make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, n := range []int{1, 2} {
			e, err := s.Peek(ctx, refOf(n))
			if err == nil {
				_, err = io.ReadAll(e)
				_ = e.Close()
			}
			var corrupt *store.CorruptError
			if !errors.As(err, &corrupt) {
				t.Errorf("result %d: %v", n, err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := query(t, dir, "SELECT count(*) FROM execution WHERE status = 1 AND hits = 0"); n != 3 {
		t.Errorf("%d of 3 results are as they were", n)
	}
}

func TestUsageIsCounted(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	for n := range 5 {
		put(t, s, n, noise(100_000+n))
	}
	if _, err := s.Delete(ctx, refOf(1)); err != nil {
		t.Fatal(err)
	}
	r := recordOf(9)
	r.Work = "example.com/daily.Another"
	if err := fail(s, r); err != nil {
		t.Fatal(err)
	}
	u, err := s.Usage(ctx)
	if err != nil || u.Results != 4 || u.Records != 6 || u.Bytes < 100_000 || u.Bytes+u.Free > diskUse(t, dir) {
		t.Errorf("%+v, %v, %d bytes on the disk", u, err, diskUse(t, dir))
	}
	works, err := s.Works(ctx)
	if err != nil || !slices.Equal(works, []string{"example.com/daily.Another", "example.com/daily.DataProcessor"}) {
		t.Errorf("works %q, %v", works, err)
	}
}

func TestADamagedStructureIsFound(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	for n := range 200 {
		put(t, s, n, noise(2000))
	}
	if err := s.Check(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "store.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for i := 20 * page; i < len(b); i += 4 * page {
		copy(b[i:], bytes.Repeat([]byte{0xff}, 16))
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, disk.Options{})
	if err := s.Check(ctx); err == nil || !strings.Contains(err.Error(), "damaged") && !strings.Contains(err.Error(), "malformed") {
		t.Errorf("error %v", err)
	}
	for n := range 200 {
		data, err := read(s, n)
		if err == nil && !bytes.Equal(data, noise(2000)) {
			t.Errorf("result %d is wrong", n)
		}
	}
}

func TestGCWaitsForItsTurn(t *testing.T) {
	dir := t.TempDir()
	s, other := open(t, dir, disk.Options{}), open(t, dir, disk.Options{MaxBytes: 200_000})
	if err := errors.Join(s.GC(ctx), other.GC(ctx)); err != nil {
		t.Fatal(err)
	}
	unlock := disk.LockGC(t, dir)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := other.GC(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for n := range 10 {
		put(t, s, n, noise(100_000+n))
	}
	done := make(chan error)
	go func() { done <- other.GC(ctx) }()
	select {
	case err := <-done:
		t.Errorf("two collect at a time: %v", err)
	case <-disk.GCPolls(3):
	}
	unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := query(t, dir, "SELECT count(*) FROM result"); n > 2 {
		t.Errorf("%d results are left", n)
	}
}

func TestStoresAreFoundByName(t *testing.T) {
	base := t.TempDir()
	t.Setenv("WORKGEN_STORE", filepath.Join(base, "stores"))
	if names, err := disk.Names(); len(names) != 0 || err != nil {
		t.Errorf("%q, %v", names, err)
	}
	for _, name := range []string{"b", "a"} {
		s, err := disk.Open(name, disk.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Close()
		if dir, err := disk.Dir(name); err != nil || !disk.Exists(dir) || s.Dir() != dir {
			t.Errorf("%s, %v", dir, err)
		}
	}
	if err := os.Mkdir(filepath.Join(base, "stores", "c"), 0o700); err != nil {
		t.Fatal(err)
	}
	if names, err := disk.Names(); !slices.Equal(names, []string{"a", "b"}) || err != nil {
		t.Errorf("%q, %v", names, err)
	}
	if disk.Exists(base) {
		t.Error("a store is where none is")
	}
}

func TestToolsLeaveGarbage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	for n := range 5 {
		put(t, s, n, noise(100_000+n))
	}
	_ = s.Close()
	temp := filepath.Join(dir, "tmp", "123-1")
	if err := os.WriteFile(temp, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, disk.Options{Manual: true, MaxBytes: 200_000})
	put(t, s, 9, noise(100))
	_ = s.Close()
	if n := query(t, dir, "SELECT count(*) FROM result"); n != 6 {
		t.Errorf("%d results are left, want 6", n)
	}
	s = open(t, dir, disk.Options{Manual: true, MaxBytes: 200_000})
	if err := s.GC(ctx); err != nil {
		t.Fatal(err)
	}
	if n := query(t, dir, "SELECT count(*) FROM result"); n > 2 {
		t.Errorf("%d results are left", n)
	}
	if _, err := os.Stat(temp); err == nil {
		t.Error("a temporary file is left")
	}
}
