package fields

import (
	"log"
	"sync"
)

// Config has tags.
type Config struct {
	Name string
	Log  func()   // for people
	Done chan int `json:"done"`
	Bad  int      `workgen:"kye"` // want `^unknown tag workgen:"kye"; fix: `
}

// Fetch reads its fields.
//
//workgen:work
type Fetch struct {
	Client   any
	Logger   *log.Logger
	mu       *sync.Mutex
	Source   string `json:"source,omitempty"`
	one, two int
	Base
}

// Base is embedded.
type Base struct{ N int }

// Run is no use.
func (f *Fetch) Run(cfg Config) error { // want `^work Fetch: cannot key parameter cfg: a function has no value; fix: give Config a method` `^work Fetch: cannot key parameter cfg: a channel has no value; fix: give Config a method`
	_ = f.Client // want `^work Fetch: Run reads field Client, which has no workgen tag; fix: tag Client .workgen:"-". if it is no input; if it is one, tag it`
	_ = f.Logger // want `^work Fetch: Run reads field Logger, which has no workgen tag; fix: key plain data instead of Logger, or tag Logger .workgen:"-". if it is no input`
	f.mu.Lock()  // want `^work Fetch: Run reads field mu, which has no workgen tag; fix: tag mu .workgen:"-".`
	_ = f.Source // want `Run reads field Source`
	_ = f.one    // want `Run reads field one`
	_ = f.N      // want `Run reads field Base`
	return nil
}
