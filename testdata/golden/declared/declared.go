// Package declared has works over types that are declared as types of the standard
// library.
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
