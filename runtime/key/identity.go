package key

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"strings"
	"unsafe"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/heapsize"
)

// MaxExact is the size, in bytes, up to which strings and encodings are compared
// byte for byte in this process; longer ones by length and a 128-bit digest. At
// that size the comparison costs what the digest would.
const MaxExact = 256

// The seeds are made anew in every process: nothing computed from them may leave
// it, and nobody outside can prepare values that collide.
var (
	seed   = maphash.MakeSeed()
	origin = maphash.String(seed, "workgen: origin") // where Hash chains begin
	factor = maphash.String(seed, "workgen: factor") | 1
)

// Text is a string's identity: two are equal with == just when their strings
// are (for more than MaxExact bytes: but for a collision of 128 bits under a
// secret key). It is the string itself while that is short, so making one is
// free, and keeping one keeps the string. The zero Text is that of "". Immutable;
// safe for concurrent use. Never store or send one: the next process has another
// seed.
type Text struct {
	// Four words are all that the compiler keeps in registers; a fifth would
	// send every Text through memory. The length of a longer string therefore
	// has no word of its own: GMAC mixes it into the digest.
	exact  string // of at most MaxExact bytes; "" for longer strings
	hi, lo uint64 // digest of a longer string; 0 otherwise
}

// TextOf returns the identity of s. It does not copy s.
//
//	type fetchKey struct {
//		url     key.Text
//		retries int
//	}
//	k := fetchKey{key.TextOf(url), retries}
//	h := key.NewHash().Text(&k.url).Uint64(uint64(k.retries)).Sum()
func TextOf(s string) Text {
	if len(s) <= MaxExact {
		return Text{exact: s}
	}
	return longText(s)
}

// longText is kept out of TextOf, which is inlined only while it is this small.
//
//go:noinline
func longText(s string) Text {
	hi, lo := whole.of(unsafe.Slice(unsafe.StringData(s), len(s)))
	return Text{hi: hi, lo: lo}
}

// Clone returns an identity equal to t that owns its memory: one that is kept
// for long should not keep the text that its string was cut from.
func (t Text) Clone() Text {
	t.exact = strings.Clone(t.exact)
	return t
}

// Size returns how many bytes of the heap t owns after Clone.
func (t Text) Size() int { return heapsize.String(t.exact) }

// Fingerprint identifies an encoding in this process: two are equal with == just
// when the encodings are (for more than MaxExact bytes: but for a collision of
// 128 bits under a secret key). The zero Fingerprint is that of the empty
// encoding. Never store or send one.
type Fingerprint struct {
	text Text
}

// Fingerprint returns the fingerprint of what was appended so far. It refers to
// the encoder's memory and is good until the next append or Release; Clone it to
// keep it. It panics while a map or frame is open, and in durable mode, where
// there is none.
func (e *Encoder) Fingerprint() Fingerprint {
	if e.open != 0 || e.durable || e.enters != 0 {
		if e.err != nil {
			return failedFingerprint(e.err)
		}
		e.mustBeWhole()
	}
	return Fingerprint{TextOf(unsafe.String(unsafe.SliceData(e.buf), len(e.buf)))}
}

// Keep returns a fingerprint equal to f, which was taken from e, that owns its memory, and
// releases e.
func (e *Encoder) Keep(f Fingerprint) Fingerprint {
	f = f.Clone()
	e.Release()
	return f
}

// mustBeWhole panics when no fingerprint can be taken.
func (e *Encoder) mustBeWhole() {
	if e.open != 0 || e.durable || len(e.stack.in) != 0 {
		panic("key: Fingerprint inside EncodeKey, a map, a frame or what was entered: take it at the end, from an encoder that Borrow returned")
	}
}

// Clone returns a fingerprint equal to f that owns its memory.
func (f Fingerprint) Clone() Fingerprint {
	if f.isFailed() {
		return f // what it refers to is its own already
	}
	return Fingerprint{f.text.Clone()}
}

// Size returns how many bytes of the heap f owns after Clone.
func (f Fingerprint) Size() int { return f.text.Size() }

// Hash returns a hash of f to find its place in a table: equal fingerprints have
// equal hashes, and all 64 bits are usable. It differs from process to process.
func (f *Fingerprint) Hash() uint64 {
	return uint64(NewHash().Text(&f.text)) // that is mixed enough
}

// Hash is a chain over the fields of an identity, in a fixed order, to find its
// place in a table. It differs from process to process and proves nothing:
// compare the identities themselves with ==. See TextOf for an example.
type Hash uint64

// NewHash begins a chain.
func NewHash() Hash { return Hash(origin) }

// Uint64 goes on with v: any fixed-size number, converted; a float by its bits,
// as which it must stand in the identity too, since with == a NaN would miss for
// ever and 0 would hit for -0. It folds the two halves of a 128-bit product with a secret factor, so each bit of v reaches
// each bit of the chain.
func (h Hash) Uint64(v uint64) Hash {
	hi, lo := bits.Mul64(uint64(h)^v, factor)
	return Hash(hi ^ lo)
}

// Bool goes on with v.
func (h Hash) Bool(v bool) Hash {
	var b uint64
	if v {
		b = 1
	}
	return h.Uint64(b)
}

// Text goes on with t. A pointer, since t is part of an identity in memory.
func (h Hash) Text(t *Text) Hash { return Hash(hashString(t.exact, uint64(h)^t.lo)) }

// hashString hashes s with a secret seed. Arguments are mostly short, and for up
// to 16 bytes two overlapping loads and two folded products (as in wyhash) take
// half the instructions of XXH3, which does the rest.
func hashString(s string, seed uint64) uint64 {
	n := len(s)
	if n > 16 {
		return xxh3.HashStringSeed(s, seed)
	}
	var first, last uint64
	switch b := unsafe.Slice(unsafe.StringData(s), n); {
	case n >= 8:
		first = binary.LittleEndian.Uint64(b)
		last = binary.LittleEndian.Uint64(b[n-8:])
	case n >= 4:
		first = uint64(binary.LittleEndian.Uint32(b))
		last = uint64(binary.LittleEndian.Uint32(b[n-4:]))
	case n > 0:
		first = uint64(b[0])<<16 | uint64(b[n/2])<<8 | uint64(b[n-1])
	}
	hi, lo := bits.Mul64(first^seed, last^origin)
	hi, lo = bits.Mul64(hi^lo^uint64(n), factor)
	return hi ^ lo
}

// Sum ends the chain. One product alone leaves counters in few places of a table with one factor
// in fifty, so it takes another one.
func (h Hash) Sum() uint64 {
	p := uint64(h) * factor
	return p ^ p>>32
}
