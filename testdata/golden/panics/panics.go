// Package panics has works whose types have methods that panic.
package panics

import (
	"sync/atomic"

	"github.com/workgen/workgen/runtime/key"
)

//workgen:encode Token json

type (
	// Token is encoded by its marshaller, which panics for the zero value.
	Token struct{ text []byte }
	// Version encodes itself, and panics for major version 0.
	Version struct{ Major, Minor int }
	// Source is implemented by Version.
	Source interface{ key.Encodable }
	// Box is copied by a method, which panics while Broken is set.
	Box struct {
		N int
		C chan int
	}
)

// Broken makes copies of a Box panic.
var Broken atomic.Bool

// NewToken makes a Token.
func NewToken(text string) Token { return Token{[]byte(text)} }

// MarshalJSON implements json.Marshaler.
func (t Token) MarshalJSON() ([]byte, error) { return append(t.text[:1:1], t.text[1:]...), nil }

// EncodeKey implements key.Encodable.
func (v Version) EncodeKey(e *key.Encoder) {
	m := e.Map(1, false)
	m.Key()
	e.Int(v.Minor / v.Major)
	e.Int(v.Minor % v.Major)
	m.Value()
	m.End()
}

// EncodeKey implements key.Encodable.
func (b *Box) EncodeKey(e *key.Encoder) { e.Int(b.N) }

// DeepCopy returns a copy.
func (b *Box) DeepCopy() *Box {
	if Broken.Load() {
		panic("box is broken")
	}
	return &Box{N: b.N}
}

// Sign has inputs whose encoding panics, at all places.
//
//workgen:work
type Sign struct {
	Base *Version `workgen:"key"`
}

// Run counts.
func (s *Sign) Run(token *Token, list []Version, byName map[string]Token, source Source) int {
	return len(list) + len(byName)
}

// Pack copies its argument and its results by a method.
//
//workgen:work memory
type Pack struct{}

// Run returns what it got.
func (Pack) Run(b *Box) *Box { return b }

// Split has two results.
//
//workgen:work memory
type Split struct{}

// Run makes two boxes.
func (Split) Run(n int) (Box, map[string]*Box) { return Box{N: n}, map[string]*Box{"a": {N: n}} }
