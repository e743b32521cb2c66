// Package declared has works over types that are declared as types of the standard
// library, and structs of another package that embed one whose name is not exported.
package declared

import (
	"math/big"
	"net/netip"
	"net/url"
	"time"

	"github.com/workgen/workgen/testdata/golden/declared/outer"
)

// Types that have the fields of another one, and none of its methods.
type (
	Stamp  time.Time
	Amount big.Int
	Ratio  big.Rat
	Real   big.Float
	User   url.Userinfo
	Addr   netip.Addr
	Port   netip.AddrPort
	Net    netip.Prefix
	Mine   outer.Doc
)

// Sheet has all of them.
type Sheet struct {
	At    Stamp
	Seen  []Stamp
	By    map[string]Stamp
	Ptr   *Stamp
	Far   outer.Stamp
	Sum   Amount
	Sums  []*Amount
	Parts []Amount
	Ratio *Ratio
	Real  map[int]Real
	User  *User
	Addr  Addr
	Ports map[Addr]Port
	Net   Net
}

// Keeps takes and returns types that are declared as others.
//
//workgen:work
type Keeps struct {
	Since Stamp `workgen:"key"`
}

// Run returns what it got.
func (k *Keeps) Run(s Sheet, at Stamp, far []outer.Stamp) (Sheet, Stamp, []outer.Stamp) {
	return s, at, far
}

// Reads takes and returns structs that embed one whose name is not exported.
//
//workgen:work
type Reads struct{}

// Run returns what it got.
func (Reads) Run(d outer.Doc, list []*outer.Doc, by map[outer.Plain]outer.Box[int], mine Mine) (outer.Doc, []*outer.Doc, map[outer.Plain]outer.Box[int], Mine) {
	return d, list, by, mine
}

// Point takes one that is compared.
//
//workgen:work
type Point struct{}

// Run adds up.
func (Point) Run(p outer.Plain) int { return p.X + p.Y + p.Z }
