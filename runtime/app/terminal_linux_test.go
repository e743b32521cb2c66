package app

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminalOf opens a pseudo terminal of some columns. What is written to it is in out.
func terminalOf(t *testing.T, columns uint16) (tty *os.File, out *output) {
	t.Helper()
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { pty.Close() })
	if err := unix.IoctlSetPointerInt(int(pty.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(pty.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(pty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	out = new(output)
	go io.Copy(out, pty)
	return tty, out
}

func TestAtATerminalALineSaysWhatGoesOn(t *testing.T) {
	const live = "\x1b[J\x1bD\x1b[A\x1b7\x1b[B\r"
	for name, c := range map[string]struct {
		columns uint16
		env     []string
		kind    string
		flags   string
		has     []string
		hasNot  []string
	}{
		"in colours":        {120, []string{"TERM=xterm"}, "tells progress", "", []string{live, "\x1b[32m1 running\x1b[0m", "main.Work", ` 40/100 reading\x1b[31m 0 s`}, []string{"reading\x1b"}},
		"without colours":   {120, []string{"TERM=xterm", "NO_COLOR=1"}, "tells progress", "", []string{live + `1 running · main.Work 40/100 reading\x1b[31m 0 s` + "\x1b8"}, []string{"\x1b[3", "\x1b[0"}},
		"of few columns":    {20, []string{"TERM=xterm", "NO_COLOR=1"}, "tells progress", "", []string{live + "1 running · main.…\x1b8"}, []string{"main.W"}},
		"that is dumb":      {120, []string{"TERM=dumb"}, "tells progress", "", []string{"INFO: Your app has started."}, []string{"\x1b", "1 running"}},
		"with JSON":         {120, []string{"TERM=xterm"}, "tells progress", " -json", []string{`"msg":"Your app has started."`}, []string{"\x1b", "1 running"}},
		"of another's logs": {120, []string{"TERM=xterm"}, "has a logger", "", []string{"INFO: Your app has started."}, []string{"\x1b", "1 running"}},
	} {
		t.Run(name, func(t *testing.T) {
			tty, out := terminalOf(t, c.columns)
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			p := exec.Command(exe)
			p.Env = append(os.Environ(), "APP_TEST_PROGRAM="+c.kind, "APP_TEST_FLAGS=-no-page"+c.flags, "NO_COLOR=")
			p.Env = append(p.Env, c.env...)
			p.Stderr = tty
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.Process.Kill() })
			eventually(t, "it says what goes on", func() bool {
				for _, part := range c.has {
					if !strings.Contains(out.String(), part) {
						return false
					}
				}
				return true
			})
			p.Process.Signal(syscall.SIGTERM)
			if err := p.Wait(); err != nil {
				t.Errorf("%v, %q", err, out.String())
			}
			eventually(t, "the end", func() bool { return strings.Contains(out.String(), "Stopped after ") })
			text := out.String()
			for _, part := range c.hasNot {
				if strings.Contains(text, part) {
					t.Errorf("there is %q in %q", part, text)
				}
			}
			if at := strings.LastIndex(text, "\x1b8"); at >= 0 && !strings.HasPrefix(text[at:], "\x1b8\x1b[J") {
				t.Errorf("the line stays at the end of %q", text)
			}
		})
	}
}
