// Package analyzer reports the generator's diagnostics in editors and to go vet. It
// generates nothing.
//
// [Analyzer] runs the scan and plan stages on one package, with its generated files if
// there are any. It does not report what takes the whole module to know, such as whether
// generated files are up to date or whether works of two packages have one name. Where
// the fix is a tag or the spelling of a directive, an editor can apply it.
//
// The command workgen is also a tool for go vet:
//
//	go vet -vettool=$(go tool -n workgen) ./...
package analyzer
