// Package hitratios compares how many requests workgen and otter answer with what they keep, at
// equal sizes, in entries and in bytes.
//
//	go test -v ./hitratios
package hitratios

import "context"

//go:generate go tool workgen .

// Page is a page of a site, which is larger for some than for others.
//
//workgen:work share
type Page struct{}

// Run returns the page of a number.
func (Page) Run(_ context.Context, number uint64) ([]byte, error) {
	return make([]byte, sizeOf(number)), nil
}

// sizeOf is the size of a page in bytes: from a hundred to ten thousand, and many are small.
func sizeOf(number uint64) int {
	x := number*0x9e3779b97f4a7c15 ^ 0x2545f4914f6cdd1d
	x ^= x >> 29
	n := 100
	for range 7 {
		if x&1 == 0 {
			break
		}
		x >>= 1
		n *= 2
	}
	return n
}
