package redact

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// view is a text as it is after some unescaping.
type view struct {
	text []byte
	from []int // where each byte begins in the original, and where the last one ends
}

// rounds is how deep escapes are undone: a URL in a quoted string takes two.
const rounds = 2

// views returns a text as it is, and what unescaping makes of it.
func views(s string) []view {
	whole := view{[]byte(s), make([]int, len(s)+1)}
	for i := range whole.from {
		whole.from[i] = i
	}
	all := []view{whole}
	if !strings.ContainsAny(s, `\%+`) {
		return all
	}
	for round, first := 0, 0; round < rounds; round++ {
		last := len(all)
		for _, v := range all[first:last] {
			for _, escape := range []unescape{backslash, percent, form} {
				if u, changed := v.undo(escape); changed {
					all = append(all, u)
				}
			}
		}
		first = last
	}
	return all
}

// unescape returns what an escape at the beginning of a text stands for, and its length:
// 0 where there is none.
type unescape func(s []byte) (b []byte, n int)

// undo returns the view without escapes of one kind, and whether it had any.
func (v view) undo(escape unescape) (out view, changed bool) {
	for i := 0; i < len(v.text); {
		b, n := escape(v.text[i:])
		if changed = changed || n > 0; n == 0 {
			b, n = v.text[i:i+1], 1
		}
		for range b {
			out.from = append(out.from, v.from[i])
		}
		out.text = append(out.text, b...)
		i += n
	}
	out.from = append(out.from, v.from[len(v.text)])
	return out, changed
}

// backslash undoes what %q, %+q and JSON write.
func backslash(s []byte) ([]byte, int) {
	if len(s) < 2 || s[0] != '\\' {
		return nil, 0
	}
	if strings.IndexByte("\"'/", s[1]) >= 0 {
		return s[1:2], 2
	}
	head := string(s[:min(len(s), len(`\U0010ffff`))])
	r, wide, tail, err := strconv.UnquoteChar(head, 0)
	if err != nil {
		return nil, 0
	}
	if !wide {
		return []byte{byte(r)}, len(head) - len(tail)
	}
	return utf8.AppendRune(nil, r), len(head) - len(tail)
}

// percent undoes what URLs write.
func percent(s []byte) ([]byte, int) {
	if len(s) < 3 || s[0] != '%' {
		return nil, 0
	}
	b, err := strconv.ParseUint(string(s[1:3]), 16, 8)
	if err != nil {
		return nil, 0
	}
	return []byte{byte(b)}, 3
}

// form undoes what queries of URLs write.
func form(s []byte) ([]byte, int) {
	if s[0] == '+' {
		return []byte{' '}, 1
	}
	return percent(s)
}

// secrets adds to found where the original has secrets, the longest at each place. known
// is locked.
func (v view) secrets(found []span) []span {
	for i := 0; i+shortest <= len(v.text); i++ {
		for _, s := range known.starts[start(v.text[i:])] {
			if n := len(s); i+n <= len(v.text) && string(v.text[i:i+n]) == s {
				found = append(found, span{v.from[i], v.from[i+n]})
				i += n - 1
				break
			}
		}
	}
	return found
}
