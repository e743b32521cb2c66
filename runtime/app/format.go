package app

import (
	"fmt"
	"html/template"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/preview"
)

// This file says how values are shown on pages: times, durations, sizes, counts, keys, errors.

// format is how a page shows times.
type format struct {
	times string // one of the constants below
	live  bool   // for the stream: what runs on has no text, for the script writes that
}

const (
	utcTimes      = "utc"
	localTimes    = "local" // of this machine
	relativeTimes = "relative"
)

// funcs are what templates call:
//
//	at T        a time in the zone of the page, with the whole time as its title
//	since T     how long ago T is, which runs on
//	until T     how long it is until T, which runs on
//	duration S  seconds with their unit
//	size N      bytes with their unit
//	count N     a number with groups of digits
//	key K       the first digits of a key, with a button that copies all of it
//	shortkey K  the first digits as text
//	status S    the word of a status with its sign and colour
//	sign S      the sign alone
//	class S     a status as a class
//	line S      a text on one line, with what nobody can see escaped
//	text S      the same with line breaks and tabs as they are
//	errline S   the first line of an error
//	argsline A  arguments on one line
//	moment T    a time for programs
//	sentence S  a text that begins with an upper-case letter
//	list V...   several values for one template
//	add A B     a sum
//	times N     a number as how often: once, 2 times
func (f format) funcs() template.FuncMap {
	return template.FuncMap{
		"at": f.at, "since": f.since, "until": f.until, "moment": moment,
		"duration": duration, "size": size, "count": count,
		"key": keyHTML, "shortkey": shortKey,
		"status": statusHTML, "sign": sign, "class": statusClass,
		"will": will, "whyOn": whyOn, "fault": faultOf, "stack": foldStack, "axisTop": axisTop, "axisText": axisText,
		"line": preview.Line, "text": safeText, "errline": errLine, "argsline": argsLine,

		"pools": poolNames, "sentence": sentence, "times": times,
		"list": func(values ...any) []any { return values },
		"add":  func(a, b int) int { return a + b },
	}
}

// zone is where times are of that are shown with a date.
func (f format) zone() *time.Location {
	if f.times == utcTimes {
		return time.UTC
	}
	return time.Local
}

// at shows a time: without the date on the same day.
func (f format) at(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	now := time.Now()
	if f.times == relativeTimes {
		return f.running(t, "data-at", ago(t, now))
	}
	t, now = t.In(f.zone()), now.In(f.zone())
	layout := time.DateTime
	switch {
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		layout = time.TimeOnly
	case t.Year() == now.Year():
		layout = "Jan 2 15:04:05"
	}
	return f.time(t, "", t.Format(layout))
}

// since shows how long ago a time is.
func (f format) since(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	return f.running(t, "data-since", runs(time.Since(t)))
}

// until shows how long it is until a time.
func (f format) until(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	return f.running(t, "data-until", runs(time.Until(t)))
}

// running is a time of which the text depends on when one looks.
func (f format) running(t time.Time, attribute, text string) template.HTML {
	if f.live {
		text = ""
	}
	return f.time(t, " "+attribute, text)
}

func (f format) time(t time.Time, attribute, text string) template.HTML {
	full := t.In(f.zone()).Format("Mon 2 Jan 2006 15:04:05.000 MST")
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s"%s>%s</time>`,
		moment(t), template.HTMLEscapeString(full), attribute, template.HTMLEscapeString(text)))
}

// runs shows a duration that runs on: in whole seconds. The script has the same.
func runs(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%d h %d min", s/3600, s%3600/60)
	}
	return fmt.Sprintf("%d d %d h", s/86400, s%86400/3600)
}

// ago shows a time as seen from now. The script has the same.
func ago(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d >= time.Second:
		return about(d) + " ago"
	case d <= -time.Second:
		return "in " + about(-d)
	}
	return "now"
}

// about is a duration in its largest unit.
func about(d time.Duration) string {
	s := int64(d / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min", s/60)
	case s < 48*3600:
		return fmt.Sprintf("%d h", s/3600)
	}
	return fmt.Sprintf("%d d", s/86400)
}

// moment is a time for programs.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// duration shows seconds with two or three digits.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d <= 0:
		return "–"
	case d < time.Microsecond:
		return d.String()
	case d < time.Millisecond:
		return digits(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second:
		return digits(float64(d)/float64(time.Millisecond)) + " ms"
	case d < time.Minute:
		return digits(d.Seconds()) + " s"
	}
	return runs(d)
}

func digits(f float64) string {
	if f < 10 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(math.Round(f), 'f', 0, 64)
}

// size shows a number of bytes: an integer, or a pointer to one, of which nil is unknown.
func size(n any) string {
	v := reflect.Indirect(reflect.ValueOf(n))
	if !v.IsValid() {
		return "–"
	}
	f, unit := float64(v.Int()), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if f < 1024 {
			break
		}
		f, unit = f/1024, next
	}
	if unit == "B" {
		return strconv.FormatInt(v.Int(), 10) + " B"
	}
	return digits(f) + " " + unit
}

// count shows a number with groups of digits.
func count(n any) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// keyDigits is how many digits of a key are shown.
const keyDigits = 12

// shortKey is the first digits of a durable key. Other keys are short.
func shortKey(key string) string {
	if len(key) == 64 {
		return key[:keyDigits]
	}
	return key
}

// keyHTML shows a key with a button that copies it.
func keyHTML(key string) template.HTML {
	k := template.HTMLEscapeString(preview.Line(key))
	return template.HTML(fmt.Sprintf(`<span class="key"><code title="%s">%s</code><button type="button" class="copy" data-copy="%s" title="Copy the key" aria-label="Copy key %s"></button></span>`,
		k, template.HTMLEscapeString(preview.Line(shortKey(key))), k, template.HTMLEscapeString(preview.Line(shortKey(key)))))
}

// statusHTML shows a status: always a sign and a word, and a colour beside.
func statusHTML(status string) template.HTML {
	return template.HTML(fmt.Sprintf(`<span class="status %s"><span aria-hidden="true">%s</span> %s</span>`,
		statusClass(status), sign(status), template.HTMLEscapeString(status)))
}

// statusClass is a status as the name of a class.
func statusClass(status string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, status)
}

// sign stands beside the word of a status.
func sign(status string) string {
	switch status {
	case "pending", "waiting", "queued":
		return "◔"
	case "retrying", "stopping":
		return "↻"
	case "running", "passing":
		return "▶"
	case "succeeded":
		return "✓"
	case "failed", "given up", "blocked", "lost":
		return "✗"
	case "stopped", "ended":
		return "■"
	case "paused":
		return "‖"
	}
	return "○"
}

// safeText escapes what nobody can see but line breaks and tabs, such as characters that turn
// the direction of writing.
func safeText(text string) string {
	if preview.Line(text) == text {
		return text
	}
	var b strings.Builder
	from := 0
	for i := 0; i < len(text); i++ {
		if text[i] == '\n' || text[i] == '\t' {
			b.WriteString(preview.Line(strings.TrimSuffix(text[from:i], "\r")))
			b.WriteByte(text[i])
			from = i + 1
		}
	}
	b.WriteString(preview.Line(text[from:]))
	return b.String()
}

// sentence begins with an upper-case letter.
func sentence(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return string(text[0]-'a'+'A') + text[1:]
}

// maxErrLine bounds the first line of an error, in bytes.
const maxErrLine = 200

// errLine is the first line of an error that says something.
func errLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return preview.Line(preview.Cut(strings.TrimSpace(line), maxErrLine))
}

// parsed has the templates of each format. They are parsed when they are first needed: most
// processes show one format, and many none.
var parsed sync.Map

// templates returns the templates that show times so.
func (f format) templates() *template.Template {
	if t, ok := parsed.Load(f); ok {
		return t.(*template.Template)
	}
	t, _ := parsed.LoadOrStore(f, template.Must(template.New("").Funcs(f.funcs()).ParseFS(templateFiles, "templates/*.html")))
	return t.(*template.Template)
}
