// Package console is where a program says what happens: lines that stay, and, at a terminal, a
// live line below them, of what goes on.
//
// The cursor stays where the program has left it, and the live line is drawn below that. So
// what others write to the terminal mixes with it only if they write several lines before it is
// drawn again.
package console

import (
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/preview"
)

// Console writes lines, each in one call of Write. Its methods may be called concurrently.
type Console struct {
	columns func() int // of the terminal; nil: there is none
	colour  bool

	mu    sync.Mutex
	out   io.Writer
	live  string // as it is drawn; "": it is not
	drawn time.Time
}

// New returns a console that writes to out, which is a terminal if it is a file that is one, and
// the environment does not say TERM=dumb. NO_COLOR does without colours.
func New(out io.Writer) *Console {
	c := &Console{out: out}
	f, ok := out.(*os.File)
	if !ok || columnsOf(f) == 0 || os.Getenv("TERM") == "dumb" {
		return c
	}
	c.columns = func() int { return columnsOf(f) }
	c.colour = os.Getenv("NO_COLOR") == ""
	return c
}

// IsTerminal reports whether there is a live line.
func (c *Console) IsTerminal() bool { return c.columns != nil }

// Write implements io.Writer. It is given whole lines.
func (c *Console) Write(lines []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live == "" {
		return c.out.Write(lines)
	}
	_, err := io.WriteString(c.out, wipe+string(lines)+draw(c.live))
	return len(lines), err
}

// Style is how a part of a line looks, where there are colours.
type Style string

// The styles.
const (
	Plain  Style = ""
	Quiet  Style = "2"
	Good   Style = "32"
	Bad    Style = "31"
	Warns  Style = "33"
	Strong Style = "1"
)

// Part is a part of a line.
type Part struct {
	Style Style
	Text  string
}

// redrawn is how often a live line is drawn that has not changed, since others may have written
// over it.
const redrawn = time.Second

// Live shows a line below the others instead of the one before: as much of it as the terminal is
// wide. Without parts there is none. Without a terminal it does nothing.
func (c *Console) Live(parts ...Part) {
	if !c.IsTerminal() {
		return
	}
	line := c.fitting(parts, c.columns()-1)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case line == "" && c.live != "":
		io.WriteString(c.out, wipe)
	case line != "" && (line != c.live || time.Since(c.drawn) >= redrawn):
		io.WriteString(c.out, wipe+draw(line))
		c.drawn = time.Now()
	}
	c.live = line
}

const (
	wipe  = "\x1b[J" // from the cursor on
	index = "\x1bD"  // down by a line, and up with the others if there is none
	up    = "\x1b[A"
	save  = "\x1b7" // where the cursor is
	back  = "\x1b8"
)

// draw draws a line below that of the cursor.
func draw(line string) string { return index + up + save + "\x1b[B\r" + line + back }

// fitting writes parts one after the other, as far as they fit into some columns.
func (c *Console) fitting(parts []Part, columns int) string {
	var out strings.Builder
	for _, p := range parts {
		text, cut := preview.Line(p.Text), false
		for i, r := range text {
			if columns -= width(r); columns < width('…') {
				text, cut = text[:i]+"…", true
				break
			}
		}
		out.WriteString(c.styled(p.Style, text))
		if cut {
			break
		}
	}
	return out.String()
}

// width is how many columns a character takes at most.
func width(r rune) int {
	if r < 0x1100 {
		return 1
	}
	return 2
}

func (c *Console) styled(s Style, text string) string {
	if !c.colour || s == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
