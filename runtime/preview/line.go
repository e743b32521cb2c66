package preview

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns a text as it can be printed on one line, whoever wrote it: what a terminal
// may obey, or nobody can see, is escaped as in Go's quoted strings. That is control
// characters with line breaks and tabs, what turns the direction of writing, what takes no
// room, spaces other than the usual one, and bytes that are no UTF-8. A backslash stays as it
// is, so the original cannot always be told.
func Line(text string) string {
	for i, r := range text {
		if hidesIn(text[i:], r) {
			return escaped(text, i)
		}
	}
	return text
}

// escaped is Line of a text of which the first bytes need no escape.
func escaped(text string, first int) string {
	b := []byte(text[:first])
	for i, r := range text[first:] {
		switch rest := text[first+i:]; {
		case !hidesIn(rest, r):
			b = utf8.AppendRune(b, r)
		case r == utf8.RuneError:
			b = append(b, `\x`+strconv.FormatUint(uint64(rest[0])|0x100, 16)[1:]...)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b = append(b, quoted[1:len(quoted)-1]...)
		}
	}
	return string(b)
}

// hidesIn reports whether the first character of a text, which is r, has to be escaped.
func hidesIn(text string, r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return r == utf8.RuneError && !strings.HasPrefix(text, string(utf8.RuneError)) ||
		!unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
