package clean

//workgen:work
type Fetch struct {
	next *StoreRunner
}

// Run is a work's.
func (f *Fetch) Run(n int) (int, error) {
	f.next = NewStoreRunner(nil)
	return 0, nil
}

//workgen:work
type Store struct{}

// Run is a work's.
func (Store) Run(n int) (int, string, error) { return 0, "", nil }
