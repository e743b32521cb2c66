package source

import (
	"crypto/sha256"
	"encoding/binary"
	"go/token"
	"strings"
)

// A sum is the hash of a declaration: its tokens, each after its length.
type sum struct {
	held string // a comma or semicolon that may mean nothing
	buf  []byte
}

// tok writes a token. gofmt adds and removes commas and semicolons in front of closing
// brackets: they are left out.
func (s *sum) tok(t tok) {
	if s.held != "" && t.kind != token.RPAREN && t.kind != token.RBRACE {
		s.write(s.held)
	}
	s.held = ""
	if t.kind == token.COMMA || t.kind == token.SEMICOLON {
		s.held = t.text
		return
	}
	s.write(t.text)
}

// text writes something between tokens.
func (s *sum) text(t string) {
	s.held = ""
	s.write(t)
}

func (s *sum) write(t string) {
	s.buf = append(binary.AppendUvarint(s.buf, uint64(len(t))), t...)
}

// Join is the hash of declarations that have one name, in the order of their files'
// names and of their places: the sum itself of a single one.
func Join(sums [][sha256.Size]byte) [sha256.Size]byte {
	if len(sums) == 1 {
		return sums[0]
	}
	h := sha256.New()
	for _, s := range sums {
		h.Write(s[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Order is the hash of the order in which variables are declared.
func Order(names []string) [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join(names, "\x00")))
}
