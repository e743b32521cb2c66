package store

import (
	"strconv"
	"strings"
)

// String returns the value of an input for people, "(secret)" for a secret one. Behind a path
// whose content is an input, too, stand # and the first digits of the digest, which tell one
// content from another: "data/a.csv"#3f2a9c.
func (a *Arg) String() string {
	switch {
	case a.Secret:
		return "(secret)"
	case a.Digest == [16]byte{} || !a.Files():
		return a.Text
	}
	first := uint64(a.Digest[0])<<16 | uint64(a.Digest[1])<<8 | uint64(a.Digest[2])
	return a.Text + "#" + strconv.FormatUint(1<<24|first, 16)[1:]
}

// Files tells whether the content of files or directories that an input names is an input,
// too: its type is a key.File or key.Dir, or made of them.
func (a *Arg) Files() bool {
	for word := range strings.FieldsFuncSeq(a.Type, func(r rune) bool { return strings.ContainsRune("*[](){},; ", r) }) {
		if word = strings.TrimLeft(word, "."); word == "key.File" || word == "key.Dir" {
			return true
		}
	}
	return false
}

// Whole tells whether nothing is left out of the text of an input: package preview counts what it
// leaves out of a value, or cuts it, outside of quoted strings.
func (a *Arg) Whole() bool {
	for rest := a.Text; rest != ""; {
		quoted, err := strconv.QuotedPrefix(rest)
		switch {
		case err == nil:
			rest = rest[len(quoted):]
			continue
		case rest[0] == '"': // it was cut inside
			return false
		case strings.HasPrefix(rest, "…"), isCount(rest):
			return false
		}
		rest = rest[1:]
	}
	return true
}

// isCount tells whether a text begins with how many elements were left out, at the end of a list.
func isCount(text string) bool {
	rest, ok := strings.CutPrefix(text, " more")
	return ok && (strings.HasPrefix(rest, "]") || strings.HasPrefix(rest, "}"))
}

// equal tells whether two inputs are the same value.
func (a *Arg) equal(b *Arg) bool { return a.Type == b.Type && a.Digest == b.Digest }

// readsLike tells whether two inputs look the same to people, but for the content of files.
func (a *Arg) readsLike(b *Arg) bool {
	return a.Type == b.Type && a.Text == b.Text && a.Text != "" && !a.Secret && !b.Secret
}

// shown is the text of an input, if it may be shown.
func (a *Arg) shown() string {
	if a.Secret {
		return ""
	}
	return a.Text
}
