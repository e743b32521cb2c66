// Package emit writes the Go source of a planned package.
//
// It is the only part of the generator that knows how the code looks, and the
// only user of jennifer. [File] decides nothing about types: what is encoded,
// copied or compared stands in the plan. All names are decided in one place,
// names.go, so that no parameter, import or helper ever hides another.
package emit
