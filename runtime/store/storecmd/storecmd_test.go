package storecmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// look executes a command of a tool for stores on the disk that is called look, and returns what it
// printed.
func look(t *testing.T, dir string, args ...string) (status int, out, problems string) {
	t.Helper()
	root := &cobra.Command{Use: "look"}
	Add(root, Tool{Name: "look", Open: func(context.Context, Access) (store.Administrator, string, error) {
		s, err := disk.Open("", disk.Options{Dir: dir, Relaxed: true, Manual: true})
		return s, "a place", err
	}})
	var o, p strings.Builder
	status = Run(root, args, strings.NewReader(""), &o, &p)
	return status, o.String(), p.String()
}

// A tool's own name is what people read, and what they can type.
func TestToolsGoByTheirNames(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		args          string
		status        int
		out, problems string // in them
	}{
		{"ls", 0, "", "look: nothing to list in a place\n"},
		{"why", 2, "", "look: nothing was executed yet with the store in a place\n"},
		{"", 2, "", "look: no command: run \"look -h\" for usage\n"},
		{"ls -h", 0, "Usage:\n  look ls [work] [key] [flags]\n\nExamples:\n  look ls -since 24h\n  look ls Trainer -status", ""},
		{"ls -h", 0, "\nFlags of all commands:\n      --json   print one JSON object per line\n", ""},
		{"gc -max-bytes 1", 2, "", "unknown flag: --max-bytes; run \"look gc -h\" for usage\n"},
		{"gc -max-age 1h -json", 0, `{"dropped":0,"results":0,`, ""},
	} {
		status, out, problems := look(t, dir, strings.Fields(test.args)...)
		if status != test.status || !strings.Contains(out, test.out) || !strings.Contains(problems, test.problems) {
			t.Errorf("look %s: %d\n%s\n%s", test.args, status, out, problems)
		}
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

// What programs read of executions stays as it is.
func TestExecutionsHaveAStableJSON(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2022, 5, 25, 13, minute, 0, 123456000, time.UTC) }
	r := store.Record{
		Ref: store.Ref{Work: "example.com/daily.Trainer"}, Seq: 1653483600000000, Status: store.GivenUp, Schema: "s1", Code: "c1", Symbols: "f 1",
		Args:   []store.Arg{{Name: "day", Type: "string", Text: `"25"`}, {Name: "token", Type: "string", Text: "hunter2", Secret: true}},
		Origin: store.Origin{Host: "here", PID: 4711, Program: "daily"}, Requested: at(0), Started: at(1), Finished: at(2), Attempt: 3,
		Size: 17, Error: "no <data>\n", Stack: "goroutine 1", Retry: at(3), Expires: at(4),
		Progress: store.Progress{Done: 1, Total: 2, Note: "rows"}, Log: "began", Gone: at(5), Used: at(6), Hits: 7,
	}
	const zero = "0000000000000000000000000000000000000000000000000000000000000000"
	for _, test := range []struct {
		record store.Record
		want   string
	}{
		{r, `{"key":"` + zero + `","work":"example.com/daily.Trainer","status":"given up","attempt":3,"schema":"s1","code":"c1",` +
			`"arguments":[{"name":"day","type":"string","text":"\"25\"","digest":"` + zero[:32] + `"},` +
			`{"name":"token","type":"string","secret":true,"digest":"` + zero[:32] + `"}],"host":"here","pid":4711,"program":"daily",` +
			`"requested":"2022-05-25T13:00:00.123456Z","started":"2022-05-25T13:01:00.123456Z","finished":"2022-05-25T13:02:00.123456Z",` +
			`"progress":{"done":1,"total":2,"note":"rows"},"size":17,"error":"no <data>\n","stack":"goroutine 1","log":"began",` +
			`"retry":"2022-05-25T13:03:00.123456Z","expires":"2022-05-25T13:04:00.123456Z","gone":"2022-05-25T13:05:00.123456Z",` +
			`"used":"2022-05-25T13:06:00.123456Z","hits":7,"seq":1653483600000000,"build":["-tags: pro","x: 1"],"result":"1","noResult":"none"}` + "\n"},
		{store.Record{Status: store.Running}, `{"key":"` + zero + `","work":"","status":"running","attempt":0,"arguments":[],"size":0,"hits":0,"seq":0}` + "\n"},
	} {
		x := exported{executionJSON: toJSON(&test.record)}
		if test.record.Seq > 0 {
			x.Build, x.Result, x.NoResult = []string{"-tags: pro", "x: 1"}, "1", "none"
		}
		var got strings.Builder
		if err := WriteJSON(&got, x); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got.String()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTextsAreCut(t *testing.T) {
	if got := cut("äöüß", 3); got != "äö…" {
		t.Error(got)
	}
}
