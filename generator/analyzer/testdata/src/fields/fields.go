package fields

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
	Source   string `json:"source,omitempty"`
	one, two int
	Base
}

// Base is embedded.
type Base struct{ N int }

// Run is no use.
func (f *Fetch) Run(cfg Config) error { // want `^work Fetch: cannot key parameter cfg: a function has no value; fix: tag Log` `^work Fetch: cannot key parameter cfg: a channel has no value; fix: tag Done`
	_ = f.Client // want `^work Fetch: Run reads field Client, which has no workgen tag; fix: tag Client`
	_ = f.Source // want `Run reads field Source`
	_ = f.one    // want `Run reads field one`
	_ = f.N      // want `Run reads field Base`
	return nil
}
