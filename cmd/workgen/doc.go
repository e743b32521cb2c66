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
package main
