package write

import "errors"

// FailRename makes the n-th rename from now fail, after calling before, until
// the returned function is called.
func FailRename(n int, before ...func()) (restore func()) {
	real := rename
	rename = func(from, to string) error {
		if n--; n >= 0 {
			return real(from, to)
		}
		rename = real // undoing renames too
		for _, f := range before {
			f()
		}
		return errors.New("rename: the disk is on fire")
	}
	return func() { rename = real }
}
