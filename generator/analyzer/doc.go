// Package analyzer shows in editors, and to go vet, what the generator has to
// say against works, without generating anything.
//
// [Analyzer] reports the diagnostics of the scan and plan stages for one package,
// which it sees as the compiler does: with its generated file, as far as there is
// one. What takes the whole module to know, such as whether a generated file is
// up to date or whether two packages have works of one name, it says nothing of.
// Where the fix is a tag or the spelling of a directive, an editor can make it.
//
// The command workgen is also a tool for go vet:
//
//	go vet -vettool=$(go tool -n workgen) ./...
package analyzer
