// Package source hashes the declarations of Go source files by their tokens.
//
// A hash changes with everything in a declaration that the compiler looks at, and with
// nothing else: not with comments, with what gofmt does, with the other declarations of the
// file, or with the local name of an import. It takes no more than the file, so that a
// program can compare what it was built from with what is on disk, as the generator found it.
//
// Besides its tokens, the hash of a declaration covers the build constraint above the
// file, its directives go:embed and go:linkname, and the paths of dot imports; names of
// packages are replaced by import paths. A variable or constant has the type and the
// expression that are its own; of a constant that repeats another one, those of that.
package source
