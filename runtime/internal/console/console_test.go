package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime/preview"
)

// screen is what a terminal shows of what a console and others have written. It knows what
// consoles use.
type screen struct {
	lines    []string
	row, col int
	saved    [2]int
	height   int
}

func (s *screen) write(text string) {
	for len(text) > 0 {
		for code, do := range map[string]func(){
			wipe:  s.wipe,
			index: s.down,
			up:    func() { s.row-- },
			save:  func() { s.saved = [2]int{s.row, s.col} },
			back:  func() { s.row, s.col = s.saved[0], s.saved[1] },
			// what draw has between them
			"\x1b[B": func() { s.row++ },
			"\r":     func() { s.col = 0 },
			"\n":     func() { s.down(); s.col = 0 },
		} {
			if rest, ok := strings.CutPrefix(text, code); ok {
				do()
				text = rest
				break
			}
		}
		for len(text) > 0 && text[0] != '\x1b' && text[0] != '\r' && text[0] != '\n' {
			s.row = max(s.row, 0)
			for len(s.lines) <= s.row {
				s.lines = append(s.lines, "")
			}
			line := []rune(s.lines[s.row] + strings.Repeat(" ", max(0, s.col-len([]rune(s.lines[s.row])))))
			r := []rune(text)[0]
			s.lines[s.row] = string(line[:s.col]) + string(r) + string(line[min(s.col+1, len(line)):])
			s.col++
			text = text[len(string(r)):]
		}
	}
}

func (s *screen) down() {
	if s.row++; s.height > 0 && s.row == s.height {
		s.row--
		s.lines = append(append([]string{}, s.lines[min(1, len(s.lines)):]...), "")[:s.height]
	}
}

func (s *screen) wipe() {
	if s.row < len(s.lines) {
		s.lines = s.lines[:s.row+1]
		line := []rune(s.lines[s.row])
		s.lines[s.row] = string(line[:min(s.col, len(line))])
	}
}

func (s *screen) String() string { return strings.TrimRight(strings.Join(s.lines, "\n"), "\n") }

// atTerminal is a console at a terminal of 40 columns, without colours.
func atTerminal() (*Console, *bytes.Buffer) {
	var out bytes.Buffer
	return &Console{out: &out, columns: func() int { return 40 }}, &out
}

func TestTheLiveLineStaysBelowWhatIsSaid(t *testing.T) {
	for _, height := range []int{0, 3} { // at the end of the screen it scrolls
		c, out := atTerminal()
		s := &screen{height: height}
		shows := func(want ...string) {
			t.Helper()
			s.write(out.String())
			out.Reset()
			if height > 0 {
				want = want[max(0, len(want)-height):]
			}
			if diff := cmp.Diff(strings.Join(want, "\n"), s.String()); diff != "" {
				t.Errorf("%d lines high (-want +got)\n%s", height, diff)
			}
		}
		c.Live(Part{Text: "1 running"})
		shows("", "1 running")
		c.Write([]byte("a call has failed\n"))
		shows("a call has failed", "", "1 running")
		s.write("the program's own\n")
		c.Live(Part{Text: "2 running, and more"})
		shows("a call has failed", "the program's own", "", "2 running, and more")
		s.write("a part")
		c.Live(Part{Text: "3 running"})
		shows("a call has failed", "the program's own", "a part", "3 running")
		s.write(" of a line\n")
		c.Live()
		c.Write([]byte("Stopped"))
		shows("a call has failed", "the program's own", "a part of a line", "Stopped")
	}
}

func TestALineThatHasNotChangedIsSeldomDrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, out := atTerminal()
		for range 10 {
			c.Live(Part{Text: "waiting"})
			time.Sleep(redrawn / 10)
		}
		if n := strings.Count(out.String(), "waiting"); n != 1 {
			t.Errorf("it was drawn %d times", n)
		}
		c.Live(Part{Text: "waiting"}) // others may have written over it
		if n := strings.Count(out.String(), "waiting"); n != 2 {
			t.Errorf("it was drawn %d times", n)
		}
		c.Live()
		out.Reset()
		if c.Live(); out.Len() > 0 {
			t.Errorf("nothing is wiped: %q", out)
		}
	})
}

func TestTheLiveLineFitsAndObeysNobody(t *testing.T) {
	c, _ := atTerminal()
	for text, want := range map[string]string{
		"short":                   "short",
		strings.Repeat("x", 39):   strings.Repeat("x", 37) + "…",
		strings.Repeat("x", 37):   strings.Repeat("x", 37),
		strings.Repeat("漢", 30):   strings.Repeat("漢", 18) + "…",
		"\x1b[31mred\r\n\u202e":   `\x1b[31mred\r\n\u202e`,
		strings.Repeat("\x9b", 9): strings.Repeat(`\x9b`, 9),
	} {
		if got := c.fitting([]Part{{Text: text}}, 39); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	c.colour = true
	got := c.fitting([]Part{{Bad, "1 failed"}, {Quiet, " · "}, {Strong, strings.Repeat("y", 50)}, {Bad, "more"}}, 20)
	if want := "\x1b[31m1 failed\x1b[0m\x1b[2m · \x1b[0m\x1b[1myyyyyyy…\x1b[0m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWithoutATerminalThereIsNoLiveLine(t *testing.T) {
	var out bytes.Buffer
	c := New(&out)
	c.Live(Part{Bad, "1 failed"})
	slog.New(c.Handler()).Error("said")
	if c.IsTerminal() || strings.Contains(out.String(), "\x1b") || !strings.HasSuffix(out.String(), " ERROR said\n") {
		t.Errorf("got %q", out.String())
	}
}

func TestManyMayWriteAtOnce(t *testing.T) {
	c, out := atTerminal()
	log := slog.New(c.Handler())
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range 20 {
				log.Info("a line", "stack", "a\nb")
				c.Live(Part{Text: "live"})
			}
		})
	}
	all.Wait()
	c.Live()
	s := &screen{}
	s.write(out.String())
	if n := strings.Count(s.String(), "INFO  a line\n    stack:\n        a\n        b"); n != 200 {
		t.Errorf("%d lines are whole", n)
	}
}

// at is when the records of these tests are made.
var at = time.Date(2026, 11, 30, 3, 12, 5, 0, time.UTC)

type broken struct{}

func (broken) Error() string { panic("no text") }

func TestRecordsAreWrittenForPeople(t *testing.T) {
	for name, c := range map[string]struct {
		say  func(*slog.Logger)
		want string
	}{
		"attributes": {func(l *slog.Logger) {
			l.Info("a schedule", "schedule", "0 3 * * *", "done", true, "next", at, "empty", "", "arguments", `day="a b"`, "ticks", "a`\"`")
		},
			`2026-11-30T03:12:05Z INFO  a schedule  schedule="0 3 * * *"  done=true  next=2026-11-30T03:12:05Z  empty=""  arguments=` + "`day=\"a b\"`  ticks=\"a`\\\"`\"\n"},
		"an error": {func(l *slog.Logger) {
			l.Warn("a call has failed", "work", "x.Y", "error", errors.New("no data: 404"), "call", 7)
		},
			"2026-11-30T03:12:05Z WARN  a call has failed: no data: 404  work=x.Y  call=7\n"},
		"a panic": {func(l *slog.Logger) {
			l.Error("work panicked", "value", "index out of range", "stack", "goroutine 7 [running]:\nmain.run(0x1)\n\t/src/main.go:7 +0x1\n")
		}, "2026-11-30T03:12:05Z ERROR work panicked  value=\"index out of range\"\n    stack:\n        goroutine 7 [running]:\n        main.run(0x1)\n            /src/main.go:7 +0x1\n"},
		"an error of several lines": {func(l *slog.Logger) { l.Warn("it fails", "error", "first\nINFO: forged\n\tthird") },
			"2026-11-30T03:12:05Z WARN  it fails: first\n    INFO: forged\n        third\n"},
		"what a terminal obeys": {func(l *slog.Logger) { l.Info("a\x1b[2J\r\x9b", "\u202ek", "\u202ev", "stack", "a\nb\x1b") },
			"2026-11-30T03:12:05Z INFO  a\\x1b[2J\\r\\x9b  \\u202ek=\"\\u202ev\"\n    stack:\n        a\n        b\\x1b\n"},
		"groups": {func(l *slog.Logger) {
			l.With("a", 1).WithGroup("g").With("b", 2).Info("m", "c", 3, slog.Group("h", "d", 4), slog.Attr{})
		},
			"2026-11-30T03:12:05Z INFO  m  a=1  g.b=2  g.c=3  g.h.d=4\n"},
		"an error without text": {func(l *slog.Logger) { l.Warn("m", "error", error(broken{})) },
			"2026-11-30T03:12:05Z WARN  m: (console.broken, whose method Error panics: no text)\n"},
		"what nobody asked for": {func(l *slog.Logger) { l.Debug("m") }, ""},
	} {
		var out bytes.Buffer
		c.say(slog.New(fixed{New(&out).Handler()}))
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestAtATerminalLinesAreShortAndColoured(t *testing.T) {
	c, out := atTerminal()
	c.colour = true
	slog.New(fixed{c.Handler()}).Error("it fails", "error", "no data", "work", "x.Y")
	want := "\x1b[2m03:12:05\x1b[0m \x1b[31mERROR\x1b[0m it fails: \x1b[31mno data\x1b[0m  \x1b[2mwork=\x1b[0mx.Y\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestJSONIsTheSameAndHarmless(t *testing.T) {
	var out bytes.Buffer
	const text = "\x1b[31m\u009b\u202e\u2028 \U000e0041 \x9b <&> ü漢 \"\\"
	slog.New(New(&out).JSONHandler()).Info(text, "stack", "a\nb")
	line := out.String()
	var got map[string]string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if strings.Count(line, "\n") != 1 || preview.Line(strings.TrimSuffix(line, "\n")) != strings.TrimSuffix(line, "\n") {
		t.Errorf("got %q", line)
	}
	if want := strings.ToValidUTF8(text, "\ufffd"); got["msg"] != want || got["stack"] != "a\nb" || got["level"] != "INFO" {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNoLineOfATextLooksLikeOneOfOurs(t *testing.T) {
	if got, want := Text("no\x1b data\nINFO: forged\x9b"), "no\\x1b data\n\tINFO: forged\\x9b"; got != want {
		t.Errorf("got %q", got)
	}
}
