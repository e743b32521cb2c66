package key

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
)

// Version is the version of the encoding. It goes into every Key first, so a
// change of format makes old keys miss, never hit.
const Version = 1

// built is added to Version where a Scope has a Build. Those without are as they were
// before there was one, so their results are still found.
const built = 1 << 32

// Scope is what a Key belongs to: calls of different scopes share no results.
// Any strings will do; they are told apart field by field.
type Scope struct {
	Work   string // full name of the work: import path, ".", type
	Schema string // fingerprint of the types of arguments and results
	Code   string // fingerprint of the code, or the version pinned by hand
	Build  string // fingerprint of what the program was built with; "" when that does not count
}

// Key identifies a call durably: for one scope it is the same on every machine,
// architecture and release of Go. It is the SHA-256 of the format's version, the scope
// and the encoding of the arguments. Keys are comparable; the zero Key belongs to no call.
type Key [sha256.Size]byte

// Sum computes the key of a call: encode appends its arguments. When that makes
// the encoder fail, there is no key: Sum returns the zero Key. It may be called
// concurrently. The encoder belongs to Sum and must not be kept. Memory used is a
// few KiB, and as much as the largest map or frame takes.
//
//	k := key.Sum(scope, func(e *key.Encoder) {
//		e.String(day)
//	})
func Sum(s Scope, encode func(*Encoder)) Key { return sum(s, encode, false) }

// SumPaths is Sum for what is looked for by the paths of files and directories, whatever is
// in them: they count and are not looked into.
func SumPaths(s Scope, encode func(*Encoder)) Key { return sum(s, encode, true) }

func sum(s Scope, encode func(*Encoder), paths bool) Key {
	e := Borrow()
	e.beginKey(&s)
	e.paths = paths
	encode(e)
	if e.err != nil {
		e.Release()
		return Key{}
	}
	if e.open != 0 || len(e.stack.in) != 0 {
		panic("key: the encoding of " + s.Work + " left a map or frame open, or something entered: call End on every map, Close on every frame, Leave after every Enter")
	}
	k := e.endKey()
	e.Release()
	return k
}

// beginKey begins a key of a scope.
func (e *Encoder) beginKey(s *Scope) {
	if e.sha == nil {
		e.sha = sha256.New()
	}
	e.sha.Reset()
	e.durable = true
	s.encode(e)
}

// endKey returns the key of what was written since.
func (e *Encoder) endKey() Key {
	e.flush()
	return Key(e.sha.Sum(e.digest[:0])) // into memory of the encoder: nothing is allocated
}

// encode appends the version of the format and the scope.
func (s *Scope) encode(e *Encoder) {
	version := uint64(Version)
	if s.Build != "" {
		version += built
	}
	e.Uint64(version)
	e.String(s.Work)
	e.String(s.Schema)
	e.String(s.Code)
	if s.Build != "" {
		e.String(s.Build)
	}
}

// IsZero tells whether k is the zero Key, which Sum returns for
// arguments that cannot be encoded only.
func (k Key) IsZero() bool { return k == Key{} }

// String returns k as 64 lower-case hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// MarshalText implements encoding.TextMarshaler with the text of String.
func (k Key) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, k[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler. It takes what Parse takes,
// and leaves k as it was when there is an error.
func (k *Key) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}

// Parse reads a key from the text of String: exactly 64 digits, lower-case
// only, so that a key has one text and files can be named by it.
func Parse(s string) (Key, error) {
	var k Key
	if len(s) != 2*len(k) {
		return Key{}, errors.New("key has " + strconv.Itoa(len(s)) + " characters: give all 64 hexadecimal digits")
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return Key{}, errors.New("key has " + strconv.Quote(s[i:i+1]) + " at position " + strconv.Itoa(i+1) +
				": give 64 lower-case hexadecimal digits")
		}
	}
	_, err := hex.Decode(k[:], []byte(s))
	return k, err
}
