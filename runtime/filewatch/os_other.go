//go:build !linux

package filewatch

// fileSystem returns "": it is not known which file systems tell of changes.
func fileSystem(string) string { return "" }

// remedy returns "": limits are told as the system tells of them.
func remedy(error) string { return "" }
