//go:build unix

package disk_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// version1 returns a copy of a store that a program wrote when the tables had version 1.
// In it a work of the code version=1 has succeeded with 1, 2 and 4, of which the result is
// a megabyte; failed with 3; and its result of 5 was deleted. One of the code c1 has
// succeeded with 1.
func version1(t *testing.T) (dir string) {
	t.Helper()
	archive, err := zip.OpenReader("testdata/version1.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	dir = t.TempDir()
	if err := os.CopyFS(dir, archive); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The tables had no column for what a program is built with. Nothing of an old store is
// lost: its records are listed, and the results of pinned versions are hits. What stood
// for code counted the Go release as the generator saw it, so results that belong to a
// fingerprint are executed anew.
func TestAStoreOfVersion1IsOpened(t *testing.T) {
	for _, lacking := range []string{"SELECT 1", "DROP TABLE deleted"} {
		dir := version1(t)
		query(t, dir, lacking) // a table that came later
		s := open(t, dir, disk.Options{})
		got := map[store.Status]int{}
		for r, err := range s.History(ctx, store.Filter{Status: []store.Status{store.Succeeded, store.Failed, store.Deleted}}) {
			if err != nil {
				t.Fatal(err)
			}
			got[r.Status]++
			if r.Build != "" || r.Work != "example.com/daily.Fetch" || r.Schema != "s1" || r.Code != "version=1" && r.Symbols == "" {
				t.Errorf("%+v", r)
			}
		}
		if got[store.Succeeded] != 4 || got[store.Failed] != 1 || got[store.Deleted] != 1 {
			t.Errorf("%v", got)
		}
		migratedResults(t, s)
		s.Close()
		migratedResults(t, open(t, dir, disk.Options{}))
	}
}

// migratedResults runs the works that wrote the old store.
func migratedResults(t *testing.T, s *disk.Store) {
	t.Helper()
	executed := errors.New("executed")
	never := func(int) ([]byte, error) { return nil, executed }
	pinned := callsOf(s, &runtime.Code{Version: "1"}, never)
	for n, want := range map[int][]byte{1: {1}, 2: {2}, 4: bytes.Repeat([]byte("large"), 200_000)} {
		if got, err := run(pinned, n); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d: %d bytes, %v", n, len(got), err)
		}
	}
	for _, n := range []int{3, 5} {
		if _, err := run(pinned, n); !errors.Is(err, executed) {
			t.Errorf("%d: %v", n, err)
		}
	}
	hashed := callsOf(s, &runtime.Code{Sum: "c1", Symbols: "daily.Fetch.Run 11\n"}, never)
	if _, err := run(hashed, 1); !errors.Is(err, executed) {
		t.Errorf("%v", err)
	}
}

// A program of the version before may have the store open while it is brought up to date.
func TestAnOpenStoreIsMigrated(t *testing.T) {
	dir := version1(t)
	open(t, dir, disk.Options{}).Close()
	query(t, dir, `INSERT INTO scope(work, schema, code, symbols) VALUES(1, 's2', 'c1', 'f 1')`)
	query(t, dir, `SELECT id FROM scope WHERE work = 1 AND schema = 's1' AND code = 'c1'`)
}

// One code that is built in two ways has two scopes.
func TestScopesDifferInTheBuild(t *testing.T) {
	s := open(t, t.TempDir(), disk.Options{})
	builds := []string{"", "Go release: go1.26\n", "Go release: go1.27\n"}
	for n, build := range builds {
		r := recordOf(n)
		r.Code, r.Build = "c1", build
		putAs(t, s, r, []byte("x"))
	}
	var got []string
	for r, err := range s.History(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Build)
	}
	if strings.Join(got, "|") != builds[2]+"|"+builds[1]+"|" {
		t.Errorf("%q", got)
	}
}
