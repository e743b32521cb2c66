// Workgen generates the wrappers that run each work once per distinct input.
//
// Usage:
//
//	workgen [-tags list] [-v] [packages]
//	workgen check [-tags list] [-v] [packages]
//	workgen version
//
// It writes one file, workgen_gen.go, into every package that has types marked
// //workgen:work, and is usually run by go generate:
//
//	//go:generate go run github.com/workgen/workgen/cmd/workgen
//
// Packages are named as for go build; the default is the package in the current
// directory. Either all generated files are brought up to date or, when there is
// a problem in any package, none is touched. All problems are reported, sorted,
// on standard error, as file:line:col: message.
//
// Check writes nothing. It prints the generated files that are stale, missing,
// or orphaned, one a line, for use in continuous integration.
//
// The exit status is 0 when all is well, 1 when there are problems in the
// packages, 2 for wrong usage and failures of workgen or the go command itself,
// and 3 when check found a file that is not up to date.
//
// # Works
//
// A work is a struct type with a method Run and this directive above it:
//
//	//workgen:work [option ...]
//
// Run may take a context first, any number of arguments, the last one variadic,
// and may return any number of results, an error last. The options, of which
// those of the constructor win over all but version and share:
//
//	cache=false     execute every call
//	name=NAME       the name in statuses and keys; import path, dot, type name by default
//	ttl=1h          results expire
//	entries=1000    how many results are kept at most
//	timeout=30s     how long an execution may take
//	retry=3         how often a call that fails executes at most, with growing waits
//	concurrency=4   how many executions run at once
//	errors=30s      errors are kept for so long, too
//	version=3       part of every key: change it when results of old code are no good
//	share           results are handed out without copying them; nobody may write to them
//
// Fields of the struct say what they are with a tag:
//
//	Source string       `workgen:"key"` // an input, like an argument
//	Client *http.Client `workgen:"-"`   // no input
//
// A field without a tag is state: Run may write it, and reading it is an error.
// In the types of arguments `workgen:"-"` leaves a field out of the key, and a
// method EncodeKey(*key.Encoder) lets a type write its own. Arguments are copied
// before they are executed with, and results before they are handed out, so
// pointers that were equal come back as pointers to equal values.
package main
