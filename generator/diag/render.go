package diag

import (
	"bytes"
	"go/token"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Write renders the sorted diagnostics to w, each starting on a line of its
// own, with file names relative to dir. The error is w's.
func (l *List) Write(w io.Writer, dir string) error {
	var b bytes.Buffer
	for _, d := range l.Sorted(dir) {
		d.render(&b)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// render appends d, whose file names are taken as they are.
func (d *Diagnostic) render(b *bytes.Buffer) {
	if p := position(d.Pos); p != "" {
		b.WriteString(p + ": ")
	}
	if d.Warning {
		b.WriteString("warning: ")
	}
	if d.Work != "" {
		b.WriteString("work " + d.Work + ": ")
	}
	b.WriteString(d.Message + "\n")

	var expr, typ int // the widths of the path's first two columns
	for _, s := range d.Path {
		expr = max(expr, utf8.RuneCountInString(s.Expr))
		typ = max(typ, utf8.RuneCountInString(s.Type))
	}
	for _, s := range d.Path {
		line := "\t" + pad(s.Expr, expr) + pad(s.Type, typ) + position(s.Pos)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	if d.Fix != "" {
		b.WriteString("\tfix: " + d.Fix + "\n")
	}
}

// pad fills s up to width, and adds the gap between two columns.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", width-utf8.RuneCountInString(s)+3)
}

// position renders p as far as it is known: a step into a dependency may have
// a file and a line only, a whole file no line at all. Unlike
// [token.Position.String] it has no "-" for nothing.
func position(p token.Position) string {
	if p.Filename == "" || p.Line <= 0 {
		return p.Filename
	}
	s := p.Filename + ":" + strconv.Itoa(p.Line)
	if p.Column > 0 {
		s += ":" + strconv.Itoa(p.Column)
	}
	return s
}

// Rel names file as seen from dir: relative with a leading "./" when it is
// below dir, as it is otherwise, always with forward slashes, so that what the
// command prints is the same on every system.
func Rel(dir, file string) string {
	if file == "" {
		return ""
	}
	if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
		return "./" + filepath.ToSlash(rel)
	}
	return filepath.ToSlash(file)
}
