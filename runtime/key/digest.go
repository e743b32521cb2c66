package key

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// A digester computes digests of 128 bits: GMAC, which is AES-GCM with nothing to encrypt, under a
// key that is drawn anew in every process, and with one nonce. That is GHASH, a polynomial over
// GF(2^128) at a secret point, and a constant added. Whatever inputs somebody chooses who does not
// know the point, two of n bytes and less have one digest with a probability of at most
// (n/16+2)/2^128. Digests never leave the process, so all that can be learnt of the point is that two
// inputs are not equal.
//
// XXH3 takes an eighth of the time for 1 MiB, and is no choice: pairs that collide under one
// secret seed in some hundreds can be computed in advance.
type digester struct{ cipher.AEAD }

// Each use has a key of its own, for none to know anything of another.
var (
	whole = newDigester() // of texts and encodings
	part  = newDigester() // of what is inside of an encoding
	tree  = newDigester() // of the digests of chunks
	nonce = make([]byte, 12)
)

// newDigester returns one without cipher where FIPS 140-3 is enforced, which forbids a nonce of
// one's own.
func newDigester() digester {
	var key [16]byte
	rand.Read(key[:]) // never fails
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return digester{}
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return digester{}
	}
	return digester{gcm}
}

// scratch is where a digester reads from and writes to. What it is given escapes, since it is behind
// an interface; and arguments, which may lie in the stack, are not to.
type scratch struct {
	chunk [16 << 10]byte
	sum   [16]byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// of returns the digest of b.
func (d digester) of(b []byte) (hi, lo uint64) {
	if d.AEAD == nil {
		sum := sha256.Sum256(b) // nobody finds two of one digest, whatever he knows
		return halves(sum[:])
	}
	s := scratches.Get().(*scratch)
	if len(b) <= len(s.chunk) {
		hi, lo = halves(d.sum(s, copy(s.chunk[:], b)))
	} else {
		hi, lo = d.ofChunks(s, b)
	}
	scratches.Put(s)
	return hi, lo
}

// ofChunks returns the digest of those of the chunks of b, of which there is more than one. When they
// fill a chunk, which are those of 16 MiB, their digest takes the place of all.
func (d digester) ofChunks(s *scratch, b []byte) (hi, lo uint64) {
	sums, n := scratches.Get().(*scratch), 0
	for len(b) > 0 {
		if n == len(sums.chunk) {
			n = copy(sums.chunk[:], tree.sum(sums, n))
		}
		size := copy(s.chunk[:], b)
		n += copy(sums.chunk[n:], d.sum(s, size))
		b = b[size:]
	}
	hi, lo = halves(tree.sum(sums, n))
	scratches.Put(sums)
	return hi, lo
}

// sum returns the digest of the first n bytes of a chunk, in s.
func (d digester) sum(s *scratch, n int) []byte { return d.Seal(s.sum[:0], nonce, nil, s.chunk[:n]) }

func halves(sum []byte) (hi, lo uint64) {
	return binary.LittleEndian.Uint64(sum[8:]), binary.LittleEndian.Uint64(sum)
}
