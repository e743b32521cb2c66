package runtime

// UnknownTypeError says that an interface held a value of a type that generated
// code knows nothing of. Among the inputs of a call it makes the call run
// uncached; a call whose result has one fails with it, since no copy could be
// made that shares no memory with the cache.
//
// When the interface has a list of types, //workgen:oneof, the type is missing
// there; otherwise it is in a test, in another module, or newer than the
// generated code.
type UnknownTypeError struct {
	Work      string // full name of the work; of inputs ""
	Interface string // the interface's type
}

func (e *UnknownTypeError) Error() string {
	work := ""
	if e.Work != "" {
		work = "work " + e.Work + ": result: "
	}
	return work + "a value in the interface " + e.Interface + " has a type that is not known: " +
		"list it in //workgen:oneof of the interface or field, and run go generate"
}
