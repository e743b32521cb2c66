//go:build unix

package disk_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
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

// A store of an older version is set aside, and that is said. What it had is executed anew.
func TestAnOlderStoreIsSetAside(t *testing.T) {
	var log bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	dir := version1(t)
	s := open(t, dir, disk.Options{})
	for r, err := range s.History(ctx, store.Filter{}) {
		t.Errorf("record %+v, %v", r, err)
	}
	c := callsOf(s, &runtime.Code{Version: "1"}, func(int) ([]byte, error) { return []byte("new"), nil })
	if got, err := run(c, 1); err != nil || string(got) != "new" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := s.Delete(ctx, store.Ref{Key: c.Key(1)}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	old := filepath.Join(dir, "version1")
	if n := query(t, old, "SELECT count(*) FROM call"); n != 6 {
		t.Errorf("the old store has %d calls", n)
	}
	if _, err := os.Stat(filepath.Join(old, "results")); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "is set aside"); n != 1 || !strings.Contains(log.String(), old) {
		t.Errorf("the log says %s", &log)
	}
	open(t, dir, disk.Options{}).Close()
	if n := strings.Count(log.String(), "is set aside"); n != 1 {
		t.Errorf("the log says %s", &log)
	}
}

// So is one whose database was made anew.
func TestAnOlderStoreThatWasMadeAnewIsSetAside(t *testing.T) {
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.DiscardHandler))
	dir := t.TempDir()
	open(t, dir, disk.Options{}).Close()
	if err := os.Rename(filepath.Join(dir, "store.db"), filepath.Join(dir, "store.1.db")); err != nil {
		t.Fatal(err)
	}
	query(t, dir, "PRAGMA user_version = 2")
	var older *disk.VersionError
	if err := disk.CheckVersion(dir); !errors.As(err, &older) || older.Have != 2 {
		t.Errorf("error %v", err)
	}
	put(t, open(t, dir, disk.Options{}), 1, noise(100))
	if _, err := os.Stat(filepath.Join(dir, "version2", "store.1.db")); err != nil {
		t.Error(err)
	}
	if err := disk.CheckVersion(dir); err != nil {
		t.Error(err)
	}
}

// What a program of an older version has open stays where it is.
func TestAnOlderStoreThatIsOpenIsNotSetAside(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	query(t, dir, "PRAGMA user_version = 2")
	if _, err := disk.Open("", disk.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "has it open") {
		t.Errorf("error %v", err)
	}
	s.Close()
	open(t, dir, disk.Options{})
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
