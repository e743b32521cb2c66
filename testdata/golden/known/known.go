// Package known has works over types that are not walked: those of the standard
// library that are known, and those that are encoded or copied by methods.
package known

import (
	"context"
	"database/sql"
	"encoding/json"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"time"
	"unique"

	"github.com/workgen/workgen/testdata/golden/known/other"
)

//workgen:encode other.Amount binary
//workgen:encode *other.Matrix text

// Numbers takes numbers of any size.
//
//workgen:work
type Numbers struct {
	Limit *big.Int `workgen:"key"`
}

// Run returns what it got.
func (n *Numbers) Run(i big.Int, p *big.Int, r *big.Rat, f *big.Float, list []big.Int, by map[string]big.Float) (big.Int, *big.Int, *big.Rat, *big.Float, []big.Int, map[string]big.Float) {
	return i, p, r, f, list, by
}

// Places takes what says where something is.
//
//workgen:work
type Places struct{}

// Where says it in many ways.
type Where struct {
	URL    *url.URL
	User   *url.Userinfo
	Addr   netip.Addr
	Port   netip.AddrPort
	Prefix *netip.Prefix
	IP     net.IP
	Net    *net.IPNet
	TCP    net.TCPAddr
	Zone   *time.Location
	Zones  map[string]*time.Location
}

// Run returns what it got.
func (Places) Run(w Where, u url.URL) (Where, url.URL) { return w, u }

// Rows takes what databases and JSON are made of.
//
//workgen:work
type Rows struct{}

// Row is one of them.
type Row struct {
	ID    sql.NullInt64
	Name  sql.NullString
	At    sql.NullTime
	Tags  sql.Null[[]string]
	Raw   json.RawMessage
	Count json.Number
	Wait  time.Duration
	Month time.Month
	Kind  unique.Handle[string]
	Pair  unique.Handle[[2]int]
}

// Run returns what it got.
func (Rows) Run(rows []Row) []Row { return rows }

// Marshalled takes types that are encoded by their methods.
//
//workgen:work memory
//workgen:encode other.Money json share
type Marshalled struct{}

// Sheet has all of them.
type Sheet struct {
	Amount other.Amount
	By     map[string]other.Amount
	Matrix *other.Matrix
	Plain  other.Matrix
	List   []other.Matrix
	Money  []other.Money
	Box    other.Box[int]
	Own    Own
}

// Own is a type of this package that is marshalled, not walked.
type Own struct{ text []string }

//workgen:encode Own text
//workgen:encode other.Box[int] text

// MarshalText joins the texts.
func (o Own) MarshalText() ([]byte, error) {
	return json.Marshal(o.text)
}

// Run returns a part of it.
func (Marshalled) Run(ctx context.Context, s *Sheet) (other.Matrix, *other.Matrix, []other.Money) {
	if s == nil {
		return other.Matrix{}, nil, nil
	}
	return s.Plain, s.Matrix, s.Money
}

// Skips takes a struct of another package with fields that hold nothing.
//
//workgen:work
type Skips struct{}

// Run returns what it got.
func (Skips) Run(p *other.Padded, s other.Stamped) (*other.Padded, other.Stamped) { return p, s }

// Copies returns what can be copied, but not be an input.
//
//workgen:work memory
type Copies struct{}

// Run makes something.
func (Copies) Run(n int) (*regexp.Regexp, *other.Channel, []other.Channel, other.Amount, *other.Matrix) {
	channel := other.Channel{C: make(chan int, n)}
	return regexp.MustCompile("a*"), &channel, []other.Channel{channel}, other.NewAmount(1, 2), other.NewMatrix(1, 2)
}
