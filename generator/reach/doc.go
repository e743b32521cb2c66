// Package reach finds the code that a work's Run can reach, and says whether it
// has changed.
//
// From Run it follows every reference through the main modules: functions,
// methods, constants, types, package variables with what initialises them, the
// implementers of the module's interfaces whose methods are called (of those that types are
// only asked for, which types have them), of other interfaces those that are reached themselves or that the arguments or
// fields of the work may hold, and from the runner of another work its Run. Of every
// package that is reached, and of what these import, the functions init and the
// initialisers of variables count that can change what Run sees (see start.go), in the
// order in which they are executed. Each declaration counts by its tokens, without
// comments and formatting (see package internal/source), and with the full names of what
// it refers to; where it stands does not matter. A file of C or assembly counts whole with the
// package it belongs to, an embedded one with the variable.
//
// Packages of other modules count by their files where there is a copy of them here: in a
// directory that replaces the module, or in vendor. Of all others, and of those they
// depend on, only the module's path is told; its version counts as the running program
// has it, so that an update makes no generated file stale. So does the standard library,
// by the release of Go that the program was built with. The generator's runtime counts nowhere: it
// decides whether code is executed, not what it returns.
//
// More may be reached than is ever called: a method of a reached type whose name
// an interface outside of the module has is, since code out there may call it.
// What packages of other modules depend on besides their arguments is summarised for
// package facts, which joins it: see summary.
//
// What is not seen is what only the running program knows: functions and values
// assigned to variables from elsewhere than an initialiser or init, reflection
// by name, go:linkname, plugins, and other programs.
package reach
