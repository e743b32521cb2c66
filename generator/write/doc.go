// Package write brings generated files to disk, or says how the disk differs.
//
// Write changes all files or none: every new content is first written and
// synced beside its target, under a name the go command ignores, and only when
// all of them are there are they renamed, each atomically. When a rename fails,
// those already done are undone. A file whose content is already right is not
// touched, so that its modification time, and the builds that look at it, stay
// as they are.
//
// It changes and removes only what workgen generated. A file that does not carry
// the header is somebody's own work, whatever its name.
package write
