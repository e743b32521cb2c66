// Package wrapper says what is declared for a work in the generated file of its
// package: the names, and, before there is such a file, stubs of the declarations.
//
// A stub is made of the directive and the signature of Run alone, as syntax, so
// that it can be type-checked together with the code around it. It has the types
// and methods that others can refer to and no bodies.
package wrapper
