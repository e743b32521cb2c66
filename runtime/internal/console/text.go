package console

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/workgen/workgen/runtime/preview"
)

// Text is a text as a terminal and who reads a log may get it, with nothing in it that the
// terminal would obey. Further lines are indented, so that none looks like one of ours.
func Text(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = preview.Line(lines[i])
	}
	return strings.Join(lines, "\n\t")
}

// JSON escapes what a terminal may obey, as JSON does it, in a line of JSON. Only strings have
// such.
func JSON(line []byte) []byte {
	text := strings.TrimSuffix(string(line), "\n")
	if preview.Line(text) == text {
		return line
	}
	out := make([]byte, 0, 2*len(line))
	for _, r := range text {
		switch {
		case preview.Line(string(r)) == string(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return append(out, line[len(text):]...)
}
