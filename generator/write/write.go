package write

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// rename is os.Rename, except in tests of what happens when it fails.
var rename = os.Rename

// Write makes the disk agree with files and returns the paths it changed or
// removed, in their order. Files that agree already are not touched. When the
// error is not nil nothing was changed, unless the error says that undoing
// failed as well. When the process is killed each file is either as it was or as
// it should be, whole; temporary files that stay behind are removed by the next
// Write.
//
// Paths must be distinct, and their directories must exist. A new file gets the
// permissions the process gives new files; a changed one keeps its own, and its line
// ends.
func Write(files []File) (changed []string, err error) {
	changes, err := compare(files)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		sweep(f.Path)
	}
	// Whatever happens, no temporary file stays: after its rename there is
	// none, and removing it does nothing.
	defer func() {
		for _, c := range changes {
			if c.temp != "" {
				os.Remove(c.temp)
			}
		}
	}()
	for _, c := range changes {
		if c.content == nil {
			continue
		}
		if c.temp, err = stage(c.path, c.content, c.perm); err != nil {
			return nil, err
		}
	}
	for i, c := range changes {
		if err := c.apply(); err != nil {
			return nil, errors.Join(err, undo(changes[:i]))
		}
		changed = append(changed, c.path)
	}
	return changed, nil
}

// A change is a file that is to become different.
type change struct {
	path    string
	content []byte      // nil: to be removed
	old     []byte      // nil: was not there
	perm    fs.FileMode // of the old file, 0 when there was none
	temp    string      // where content waits, "" when it does not
}

// compare returns the changes, or an error when one is not allowed.
func compare(files []File) ([]*change, error) {
	var changes []*change
	var errs []error
	for _, f := range files {
		old, err := read(f.Path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		switch f.state(old) {
		case OK:
			continue
		case Stale:
			errs = append(errs, f.refuse(old))
		}
		if info, err := os.Lstat(f.Path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			errs = append(errs, fmt.Errorf("cannot write %s: %w; remove it, and generate again", f.Path, ErrLink))
		}
		c := &change{path: f.Path, content: withEnds(f.Content, old), old: old}
		if info, err := os.Stat(f.Path); err == nil {
			c.perm = info.Mode().Perm()
		}
		changes = append(changes, c)
	}
	return changes, errors.Join(errs...)
}

// stage writes content to a new file next to path and syncs it: after a crash
// the renamed file is whole or not there. Permissions 0 are those of any new file.
func stage(path string, content []byte, perm fs.FileMode) (temp string, err error) {
	f, err := create(path)
	if err != nil {
		return "", fmt.Errorf("cannot write beside %s: %w", path, err)
	}
	temp = f.Name()
	_, err = f.Write(content)
	if perm != 0 {
		err = errors.Join(err, f.Chmod(perm))
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		os.Remove(temp)
		return "", fmt.Errorf("cannot write beside %s: %w", path, err)
	}
	return temp, nil
}

// create makes a new file for path's content. os.CreateTemp would give it
// permissions for its owner only, and the umask is not known.
func create(path string) (*os.File, error) {
	for try := 0; ; try++ {
		f, err := os.OpenFile(tempName(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) || try == 100 {
			return f, err
		}
	}
}

// apply renames the staged file, or removes the old one.
func (c *change) apply() error {
	if c.content == nil {
		if err := os.Remove(c.path); err != nil {
			return fmt.Errorf("cannot remove the generated file: %w", err)
		}
		return nil
	}
	if err := rename(c.temp, c.path); err != nil {
		return fmt.Errorf("cannot replace the generated file: %w", err)
	}
	return nil
}

// undo brings back what the applied changes replaced or removed.
func undo(applied []*change) error {
	var errs []error
	for _, c := range applied {
		var err error
		if c.old == nil {
			err = os.Remove(c.path)
		} else {
			var temp string
			if temp, err = stage(c.path, c.old, c.perm); err == nil {
				err = rename(temp, c.path)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot undo the change of %s: %w", c.path, err))
		}
	}
	return errors.Join(errs...)
}
