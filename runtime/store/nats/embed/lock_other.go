//go:build !unix

package embed

// lock does nothing: on this system it is the user's to give each process a directory of its own.
func lock(string) (unlock func(), err error) { return func() {}, nil }
