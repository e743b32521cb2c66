package store_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// TestStoreLinksLittle: package runtime imports it, so whatever this package links
// is in every program that memoises.
func TestStoreLinksLittle(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".", "./memory").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, dep := range strings.Fields(string(out)) {
		for _, bad := range []string{"database/sql", "sqlite", "zstd", "cbor", "modernc.org", "net/http"} {
			if strings.Contains(dep, bad) {
				t.Errorf("links %s", dep)
			}
		}
	}
	out, err = exec.Command("go", "list", "-f", `{{join .Imports " "}}`, ".").Output()
	const want = "context errors github.com/workgen/workgen/runtime/key github.com/workgen/workgen/runtime/store/kind io iter reflect slices strconv strings time"
	if got := strings.TrimSpace(string(out)); got != want || err != nil {
		t.Errorf("imports %s, %v, want %s", got, err, want)
	}
}

func TestEntriesAreReaders(t *testing.T) {
	data := []byte("a result")
	for _, e := range []*store.Entry{{Data: data}, {Body: io.NopCloser(bytes.NewReader(data))}} {
		if err := iotest.TestReader(e, data); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPrefixesAreRangesOfKeys(t *testing.T) {
	k, err := key.Parse(strings.Repeat("0123456789abcdef", 4))
	if err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string]bool{"": true, "0": true, "01": true, "012": true, k.String(): true, "1": false, "013": false} {
		f := store.Filter{Prefix: prefix}
		first, last, ok := f.Keys()
		in := bytes.Compare(first[:], k[:]) <= 0 && bytes.Compare(k[:], last[:]) <= 0
		r := store.Record{Ref: store.Ref{Key: k}, Status: store.Failed}
		if !ok || in != want || f.Match(&r) != want {
			t.Errorf("prefix %q: from %v to %v, match %v", prefix, first, last, f.Match(&r))
		}
	}
	for _, prefix := range []string{"x", "A", strings.Repeat("0", 65)} {
		f := store.Filter{Prefix: prefix}
		if _, _, ok := f.Keys(); ok {
			t.Errorf("prefix %q is of keys", prefix)
		}
	}
}

func TestErrorsCanBeToldApart(t *testing.T) {
	var err error = &store.HeldError{Origin: store.Origin{Host: "here", PID: 7, Program: "daily"}}
	if !errors.Is(err, store.ErrHeld) || errors.Is(err, store.ErrLost) || !strings.Contains(err.Error(), "daily[7]@here") {
		t.Error(err)
	}
	err = &store.CorruptError{Err: io.ErrUnexpectedEOF}
	if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}
