// Package generator makes the typed wrappers of works.
//
// A work is a struct type with the directive //workgen:work and a Run method;
// its wrapper runs Run once per distinct input. Generate goes through the
// stages, each a package that knows nothing of the next:
//
//	load   packages, with types, as if nothing had been generated
//	scan   works and directives: a model of plain data with positions
//	plan   how each input and result is encoded, copied and compared
//	emit   the source of the generated file
//	write  the comparison with the disk, and the change of it
//
// Every stage reports problems as diagnostics with positions, and goes on: one run
// reports the problems of all packages. If there is a problem in any package, no file is
// written.
//
// The same input gives the same bytes: there are no timestamps, versions or
// paths of the machine in the output.
package generator
