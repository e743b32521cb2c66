// Package load reads Go packages, with types, for the generator.
//
// It is the only place that knows golang.org/x/tools/go/packages. One load
// serves all patterns: syntax and types of all packages of the main modules, so
// that the implementers of an interface and the code behind a call are found
// wherever they are, and export data for everything below them. The patterns
// decide what is generated and reported; what is broken elsewhere is neither
// reported nor in the way. Packages are loaded as if workgen had never been
// run: what an earlier run generated is left out, so a stale, broken or
// merge-conflicted generated file never stands in the way of the next one. In its
// place stand stubs, made of the works' directives and signatures, so that code
// which only lacks the wrappers type-checks, and a type made of another work's
// arguments is whole. Other type errors are noted beside the packages.
//
// Tests with directives are loaded apart, with all that is in their test binaries,
// since a package has more declarations there. What has none costs no such load.
//
// What does stop a load are problems that leave nothing to generate from: a
// pattern that matches nothing, a syntax error in a file of the user's, an
// import cycle. They are reported together as one [*Error].
package load
