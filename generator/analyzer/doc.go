// Package analyzer reports the generator's diagnostics and mistakes in flows in editors
// and to go vet. It generates nothing.
//
// [Analyzer] runs the scan and plan stages on one package, with its generated files if
// there are any. It does not report what takes the whole module to know, such as whether
// generated files are up to date or whether works of two packages have one name. Where
// the fix is a tag or the spelling of a directive, an editor can apply it.
//
// Then it looks at the functions that a runtime.Loop or runtime.Once runs, and reports
// dropped errors, contexts that are not the flow's, what blocks, arguments that are new on
// every pass, and, anywhere outside of tests, constant cron expressions that are wrong:
// see package [github.com/workgen/workgen/generator/flows]. What is meant is silenced by
// //workgen:allow flow WHY on the line, on the line above, in the doc comment of the
// function, or above the package clause.
//
// The command workgen is also a tool for go vet:
//
//	go vet -vettool=$(go tool -n workgen) ./...
package analyzer
