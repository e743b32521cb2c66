package storecmd

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/workgen/workgen/runtime/internal/console"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// isTerminal tells whether somebody can answer.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// table begins a table, whose cells are separated by tabs.
func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// clean makes a text of a record fit for a terminal and for one cell.
func clean(text string) string { return preview.Line(text) }

// printable returns an error of which the text is fit for a terminal.
func printable(err error) error { return errors.New(console.Text(err.Error())) }

// cut shortens a text to some characters.
func cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}

// shortKey are the digits of a key that a table shows.
func shortKey(k key.Key) string { return k.String()[:12] }

// shortWork is the end of a work's name, from the last slash on.
func shortWork(name string) string {
	return clean(name[strings.LastIndexByte(name, '/')+1:])
}

// bytesText is a size for people.
func bytesText(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f, unit := float64(n), -1
	for f >= 999.5 && unit < len("kMGTPE")-1 {
		f /= 1000
		unit++
	}
	digits := 0
	if f < 9.95 {
		digits = 1
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " " + "kMGTPE"[unit:unit+1] + "B"
}

// units of time for people: years and months vary.
var units = []struct {
	name string
	d    time.Duration
}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}

// ageText is how long ago something was, in its largest unit.
func ageText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return durationText(time.Since(t))
}

// durationText is a duration in its largest unit.
func durationText(d time.Duration) string {
	for _, u := range units {
		if d >= u.d {
			return strconv.FormatInt(int64(d/u.d), 10) + u.name
		}
	}
	return "0s"
}

// tookText is how long an execution took, if anybody knows.
func tookText(r *store.Record) string {
	if r.Started.IsZero() || r.Finished.IsZero() || r.Status == store.Lost {
		return "-"
	}
	d := r.Finished.Sub(r.Started)
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// stepsText is how many steps are done.
func stepsText(p *store.Progress) string {
	if p.Total == 0 {
		return strconv.FormatInt(p.Done, 10)
	}
	return strconv.FormatInt(p.Done, 10) + "/" + strconv.FormatInt(p.Total, 10)
}

// argsText are the inputs of a call in one line.
func argsText(args []store.Arg, most int) string {
	if len(args) == 0 {
		return "-"
	}
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = clean(a.Name) + "=" + argText(a)
	}
	return cut(strings.Join(words, " "), most)
}

// argText is the value of an input.
func argText(a store.Arg) string { return clean(a.String()) }

// parseTime reads a moment: a time, a date, or how long ago it was, such as 36h or 7d.
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := parseDuration(text); err == nil {
		return time.Now().Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: give how long ago it was, such as 36h or 7d, a date such as 2022-05-25, or 2022-05-25T13:00:00Z", text)
}

// parseDuration is time.ParseDuration, and knows days.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		d = time.Duration(n * 24 * float64(time.Hour))
	}
	if err == nil && d < 0 {
		err = fmt.Errorf("%q is less than nothing", text)
	}
	if err != nil {
		return 0, fmt.Errorf("%q is no duration: give one such as 90m, 36h or 7d", text)
	}
	return d, nil
}

// parseBytes reads a size, such as 500MB or 2GiB.
func parseBytes(text string) (int64, error) {
	bad := fmt.Errorf("%q is no size: give one such as 500MB or 2GiB", text)
	number := strings.TrimRight(text, "kKMGTiB ")
	unit := strings.TrimSuffix(strings.TrimSpace(text[len(number):]), "B")
	factor := 1.0
	if unit != "" {
		base := 1000.0
		prefix, binary := strings.CutSuffix(unit, "i")
		if binary {
			base = 1024
		}
		power := strings.Index("KMGT", strings.ToUpper(prefix))
		if len(prefix) != 1 || power < 0 {
			return 0, bad
		}
		factor = math.Pow(base, float64(1+power))
	}
	f, err := strconv.ParseFloat(number, 64)
	if n := f * factor; err == nil && n >= 0 && n < math.MaxInt64/2 {
		return int64(n), nil
	}
	return 0, bad
}
