package missing

//workgen:work
type Fetch struct{} // want `^work Fetch: workgen_gen.go is missing: the wrapper has not been generated; fix: run workgen on the package$`

// Run is a work's.
func (Fetch) Run() {}

// Keep keeps runners.
var Keep = NewFetchRunner()
