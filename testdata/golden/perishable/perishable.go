// Package perishable has works whose results say how long they are kept.
package perishable

import (
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/golden/perishable/token"
)

// Page is kept for Age.
type Page struct {
	Text []byte
	Age  time.Duration
}

var _ runtime.Perishable = Page{}

// KeepFor returns the age that the page was sent with.
func (p Page) KeepFor() time.Duration { return p.Age }

// Fetch returns a page.
//
//workgen:work ttl=1h
type Fetch struct{}

// Run returns a page that is kept for age.
func (Fetch) Run(age time.Duration) Page { return Page{Age: age} }

// Find returns a page or nil.
//
//workgen:work ttl=1h
type Find struct{}

// Run returns nil for zero.
func (Find) Run(age time.Duration) (*Page, error) {
	if age == 0 {
		return nil, nil
	}
	return &Page{Age: age}, nil
}

// Login returns a type of another package, whose method is that of a pointer.
//
//workgen:work
type Login struct{}

// Run returns a token.
func (Login) Run(valid time.Duration) (token.Token, error) { return token.Token{Valid: valid}, nil }

// Signed has the method of what is embedded in it.
type Signed struct {
	Page
	By string
}

// Sign returns a page, and has names that generated code would like to have.
//
//workgen:work
type Sign struct{}

// Run returns a signed page.
func (Sign) Run(res, d time.Duration) Signed { return Signed{Page: Page{Age: res + d}} }

// Box is generic.
type Box[T any] struct {
	In  T
	Age time.Duration
}

// KeepFor returns the age.
func (b Box[T]) KeepFor() time.Duration { return b.Age }

// Ages is the alias of a type without a name.
type Ages = struct{ Box[int] }

// Wrap returns an instance of a generic type.
//
//workgen:work
type Wrap struct{}

// Run returns a box in a struct without a name.
func (Wrap) Run(age time.Duration) Ages { return Ages{Box[int]{Age: age}} }

// Answer has the method, and is one of the types below.
type Answer interface {
	runtime.Perishable
	answer()
}

// No is an answer.
type No struct{}

// KeepFor says that it is not kept.
func (No) KeepFor() time.Duration { return -1 }
func (No) answer()                {}

// Yes is an answer.
type Yes struct{ Page }

func (Yes) answer() {}

// Ask returns an interface.
//
//workgen:work
type Ask struct{}

// Run returns no answer, a yes, or a no.
func (Ask) Run(age time.Duration) Answer {
	switch {
	case age == 0:
		return nil
	case age < 0:
		return No{}
	}
	return Yes{Page{Age: age}}
}

// Both has several results, of which some have a say.
//
//workgen:work ttl=1h
type Both struct{}

// Run returns nil for what is zero.
func (Both) Run(first, second, third time.Duration) (page *Page, n int, tok token.Token, answer Answer, err error) {
	page, _ = Find{}.Run(first)
	return page, 1, token.Token{Valid: second}, Ask{}.Run(third), nil
}

// Silent has no say: a page is only inside of its result.
//
//workgen:work
type Silent struct{}

// Run returns pages.
func (Silent) Run(n int) []Page { return make([]Page, n) }
