package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
	"github.com/workgen/workgen/runtime/store/disk"
)

// kept is a line of what fill keeps in a store.
type kept struct {
	Work    string
	Args    [][2]string // names and values; a name with ! is secret
	Code    string
	Symbols []string
	Build   []string
	Ago     string // when it finished; it took 2 s
	Fails   string // why, if it does
	GivenUp bool   // for good
	Rows    int    // of the result
	Expires bool   // it has expired already
	Deleted bool
	Got     int  // how often
	Noise   bool // the result cannot be compressed
}

// dataset is the result of all calls.
type dataset struct {
	Day  string
	Rows []byte
}

// fill keeps calls in a store, the oldest first: fill directory file.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fill directory file")
	}
	s, err := disk.Open("", disk.Options{Dir: ts.MkAbs(args[0]), Relaxed: true, Manual: true})
	ts.Check(err)
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[1])))
	for lines.Scan() {
		var k kept
		ts.Check(json.Unmarshal(lines.Bytes(), &k))
		ts.Check(k.keep(s))
	}
	ts.Check(s.Close())
}

// keep puts a call, whose key is made from all that should count.
func (k *kept) keep(s store.Store) error {
	ctx := context.Background()
	ago, err := parseDuration(k.Ago)
	if err != nil {
		return err
	}
	finished := time.Now().Add(-ago)
	r := store.Record{
		Ref: store.Ref{Work: k.Work}, Schema: "s1", Code: k.Code, Symbols: strings.Join(k.Symbols, "\n"), Build: strings.Join(k.Build, "\n"),
		Origin:  store.Origin{Host: "here", PID: 4711, Program: "daily"},
		Started: finished.Add(-2 * time.Second), Finished: finished, Attempts: 1, Error: k.Fails,
	}
	words := k.Work + k.Code
	for _, a := range k.Args {
		name, secret := strings.CutPrefix(a[0], "!")
		sum := sha256.Sum256([]byte(a[1]))
		words += a[0] + a[1]
		arg := store.Arg{Name: name, Type: "string", Secret: secret, Digest: [16]byte(sum[:])}
		if !secret {
			arg.Text = a[1]
		}
		r.Args = append(r.Args, arg)
	}
	r.Key = sha256.Sum256([]byte(words))
	if k.Expires {
		r.Expires = finished
	}
	result := dataset{"25", make([]byte, k.Rows)}
	if k.Noise {
		_, _ = rand.NewChaCha8([32]byte{}).Read(result.Rows)
	}
	l, err := s.Begin(ctx, r)
	if r.Status = store.Succeeded; k.Fails != "" {
		r.Status = store.Failed
	}
	if k.GivenUp {
		r.Status = store.GivenUp
	}
	if err == nil {
		err = s.End(ctx, l, r, store.Encoded(codec.Default, "s1", &result))
	}
	for ; err == nil && k.Got > 0; k.Got-- {
		err = s.Lookup(ctx, []store.Ref{r.Ref}, make([]store.Found, 1))
	}
	if err == nil && k.Deleted {
		_, err = s.Delete(ctx, r.Ref)
	}
	return err
}

// damage overwrites the end of all files of large results: damage directory.
func damageFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage directory")
	}
	paths, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "results", "*", "*"))
	ts.Check(err)
	if len(paths) == 0 {
		ts.Fatalf("no large result to damage")
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		ts.Check(err)
		b[len(b)-1] ^= 1
		ts.Check(os.WriteFile(path, b, 0o600))
	}
}

func TestSizesAreRead(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "17": 17, "5B": 5, "5kB": 5000, "1.5MB": 1500000, "2GiB": 2 << 30, "3 TB": 3e12, "1Ki": 1024, "7M": 7e6,
	} {
		if got, err := parseBytes(text); got != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MB", "-1", "5X", "5 MBs", "1e30GB", "5BB", "5MMB", "iB", "1iB", "NaN"} {
		if got, err := parseBytes(text); err == nil {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestSizesArePrinted(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 9949: "9.9 kB", 9951: "10 kB", 999_499: "999 kB", 999_500: "1.0 MB",
		1_234_567: "1.2 MB", 3 << 30: "3.2 GB", 1 << 62: "4.6 EB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestTimesAreRead(t *testing.T) {
	for text, ago := range map[string]time.Duration{"90m": 90 * time.Minute, "7d": 7 * 24 * time.Hour, "0.5d": 12 * time.Hour} {
		got, err := parseTime(text)
		if d := time.Since(got) - ago; err != nil || d < 0 || d > time.Minute {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]time.Time{
		"":                     {},
		"2022-05-25":           time.Date(2022, 5, 25, 0, 0, 0, 0, time.Local),
		"2022-05-25T13:14":     time.Date(2022, 5, 25, 13, 14, 0, 0, time.Local),
		"2022-05-25T13:14:15Z": time.Date(2022, 5, 25, 13, 14, 15, 0, time.UTC),
	} {
		if got, err := parseTime(text); !got.Equal(want) || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"yesterday", "-5h", "-1d", "d", "25.05.22"} {
		if got, err := parseTime(text); err == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestTextsOfRecordsDoNotReachTheTerminalAsTheyAre(t *testing.T) {
	got := clean("\x1b[31mred\x07\n\u202etxt ä 漢")
	if diff := cmp.Diff(`\x1b[31mred\a\n\u202etxt ä 漢`, got); diff != "" {
		t.Error(diff)
	}
	if got := cut("äöüß", 3); got != "äö…" {
		t.Error(got)
	}
}
