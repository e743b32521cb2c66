// Package composite has works whose inputs hold references or need an
// encoding.
package composite

import (
	"context"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// Tags is a named slice, Set a named map.
type (
	Tags []string
	Set  map[string]struct{}
	ID   [4]byte
	Byte byte
)

// Pair is generic.
type Pair[A, B any] struct {
	First  A
	Second B
}

// Base is embedded.
type Base struct {
	Owner   *string
	Created time.Time
}

// Item is an element of other things.
type Item struct {
	Name   string
	Scores []float64
	Parent *Item2
}

// Item2 is what an Item points to.
type Item2 struct {
	Weight complex128
	Flags  []bool
}

// Config is a bit of everything.
type Config struct {
	Base
	Tags   Tags
	Items  []Item
	ByName map[string]*Item
	Groups map[int][]string
	Deep   map[string]map[ID][]Item2
	Grid   [2][3]int32
	Rows   [][]string
	Pairs  []Pair[string, []int]
	Anon   struct {
		X, Y int
		Z    *[]byte
	}
	Any    Set
	secret string
	Cache  map[string]int `workgen:"-"`
}

// WithSecret returns a copy with another secret.
func (c Config) WithSecret(s string) Config {
	c.secret = s
	return c
}

// Version writes its own encoding: 1.0 and 1.0.0 are the same.
type Version struct {
	parts []int
}

// ParseVersion makes a Version of its numbers.
func ParseVersion(parts ...int) Version { return Version{parts} }

// EncodeKey writes the numbers without trailing zeros.
func (v Version) EncodeKey(e *key.Encoder) {
	n := len(v.parts)
	for n > 0 && v.parts[n-1] == 0 {
		n--
	}
	key.Numbers(e, v.parts[:n])
}

// Build takes a struct, a pointer and a time.
//
//workgen:work
type Build struct {
	Env     map[string]string `workgen:"key"`
	Started int
}

// Run counts its items.
func (b *Build) Run(ctx context.Context, cfg Config, opt *Config, at time.Time) (int, error) {
	b.Started++
	n := len(cfg.Items) + len(b.Env)
	if opt != nil {
		n += len(opt.Items)
	}
	return n, ctx.Err()
}

// Sum takes slices, arrays and maps themselves.
//
//workgen:work
type Sum struct{}

// Run adds up what it is given. It may change its arguments: they are copies.
func (Sum) Run(ids []ID, raw []byte, named []Byte, numbers []int, c complex64, arr [3]string, set Set, p *int, pp **int, pair Pair[int, *string]) float64 {
	total := real(c)
	for i, n := range numbers {
		total += float32(n)
		numbers[i] = 0
	}
	return float64(total)
}

// Release takes a type that encodes itself.
//
//workgen:work
type Release struct{}

// Run counts.
func (Release) Run(v Version, all []*Version, by map[string]Version) int { return len(all) + len(by) }
