package key_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/zeebo/xxh3"

	"github.com/workgen/workgen/runtime/key"
)

// TestNobodyPreparesTextsThatCollide takes pairs of texts of which one in some hundreds
// collides in XXH3, 128 bits, whatever its seed is: somebody who knows the program, and
// nothing of the process, can send them all.
func TestNobodyPreparesTextsThatCollide(t *testing.T) {
	pairs := prepared()
	broken := 0
	const seeds = 10
	for range seeds {
		seed := rand.Uint64()
		if slices.ContainsFunc(pairs, func(p twoTexts) bool {
			return xxh3.HashString128Seed(p[0], seed) == xxh3.HashString128Seed(p[1], seed)
		}) {
			broken++
		}
	}
	t.Logf("%d pairs, which break %d of %d seeds of XXH3", len(pairs), broken, seeds)
	if broken == 0 {
		t.Error("the pairs are no test")
	}
	for _, p := range pairs {
		if key.TextOf(p[0]) == key.TextOf(p[1]) {
			t.Fatal("two texts are one")
		}
	}
}

// TestLongTextsAreToldApart: whatever chunk of it is another, and where it ends.
func TestLongTextsAreToldApart(t *testing.T) {
	const chunk = 16 << 10
	long := make([]byte, 5*chunk+1)
	seen := map[key.Text]string{}
	add := func(what string, b []byte) {
		id := key.TextOf(string(b))
		if other, ok := seen[id]; ok {
			t.Errorf("%s is as %s", what, other)
		}
		if seen[id] = what; id != key.TextOf(string(b)) {
			t.Errorf("%s is another each time", what)
		}
	}
	for _, n := range []int{chunk - 1, chunk, chunk + 1, 2*chunk - 1, 2 * chunk, 2*chunk + 1, 5 * chunk, 5*chunk + 1} {
		add(fmt.Sprint(n, " zeros"), long[:n])
	}
	for at := 0; at < len(long); at += chunk / 2 {
		long[at] = 1
		add(fmt.Sprint("a one at ", at), long)
		long[at] = 0
	}
	const sums = chunk / 16 // that fill a chunk
	long = make([]byte, (sums+1)*chunk)
	add("16 MiB and a chunk", long)
	add("16 MiB", long[:sums*chunk])
	long[5] = 1
	add("with a one", long)
}

type twoTexts [2]string

// prepared returns pairs of 1 KiB. For such texts XXH3 adds up, in each of eight lanes, the
// products of the halves of each word after an exclusive or with a word of the secret; the
// words of the secret are known but for the seed, which is added to, or taken from, all of
// them. The highest bit of two words of one lane is flipped in one text of a pair. The
// sums stay the same where the other halves agree after the exclusive or, which they do if
// the difference of the two words of the secret is guessed: the likely ones come first.
func prepared() (pairs []twoTexts) {
	type guess struct {
		lane, first, second int // word of a stripe, two stripes
		difference          uint32
		seen                int
	}
	var guesses []guess
	for lane := range 8 {
		for first := range 15 {
			for second := first + 1; second < 15; second++ {
				seen := map[uint32]int{}
				for range 1 << 11 {
					seed := rand.Uint64()
					seen[uint32(secretWord(first+lane, seed)^secretWord(second+lane, seed))]++
				}
				for difference, n := range seen {
					if n > 2 {
						guesses = append(guesses, guess{lane, first, second, difference, n})
					}
				}
			}
		}
	}
	slices.SortFunc(guesses, func(a, b guess) int { return cmp.Compare(b.seen, a.seen) })
	for _, g := range guesses[:min(len(guesses), 20_000)] {
		for _, high := range []byte{0, 0x80} {
			text := make([]byte, 1024)
			first, second := 64*g.first+8*g.lane, 64*g.second+8*g.lane
			binary.LittleEndian.PutUint32(text[second:], g.difference)
			text[second+7] = high
			p := twoTexts{string(text)}
			text[first+7] ^= 0x80
			text[second+7] ^= 0x80
			p[1] = string(text)
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// secretWord is a word of the secret of XXH3 under a seed.
func secretWord(i int, seed uint64) uint64 {
	if i%2 == 0 {
		return secretWords[i] + seed
	}
	return secretWords[i] - seed
}

// secretWords are those of the secret that XXH3 has of its own.
var secretWords = [...]uint64{
	0xbe4ba423396cfeb8, 0x1cad21f72c81017c, 0xdb979083e96dd4de, 0x1f67b3b7a4a44072,
	0x78e5c0cc4ee679cb, 0x2172ffcc7dd05a82, 0x8e2443f7744608b8, 0x4c263a81e69035e0,
	0xcb00c391bb52283c, 0x71a32e538b65d088, 0x384ef90da2974864, 0xa8d8acdea946ef19,
	0xf93f349ce33f76fa, 0x8a1d4f0bc7c7bbdc, 0xc83159b4cd4be051, 0xea647378d9c97e9f,
	0xc5c3ebd33483acc5, 0x17eb6313faffa081, 0xd349daf0b751dd0d, 0x2b9e68d429265516,
	0x8ffca1477d58be16, 0x45ce31d07ad1b8f8, 0xaf280416958f3acb, 0x007e404bbbcafbd7,
}
