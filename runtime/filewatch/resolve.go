package filewatch

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// place is an entry of a directory that decides what is at a path.
type place struct{ folder, name string }

// Of a place that stands for more than one entry, the name is none that an entry can have.
const (
	itself     = ""  // the folder may be renamed or removed
	everything = "/" // whatever is in the folder
)

// maxLinks is how many symbolic links are followed.
const maxLinks = 255

// resolve returns the places that decide what is at an absolute path, in the order in which the
// system meets them: every symbolic link, every directory that leads there, and the last entry,
// or the first one that does not exist. If tree, everything in the directory at path follows,
// at any depth. Their folders are free of links.
func resolve(path string, tree bool) (places []place) {
	const separator = string(filepath.Separator)
	root := filepath.VolumeName(path) + separator
	at, links := root, 0
	names := strings.Split(path[len(root)-1:], separator)
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		info, err := os.Lstat(next)
		switch {
		case err != nil:
			return append(places, place{at, name})
		case info.Mode()&fs.ModeSymlink != 0:
			places = append(places, place{at, name})
			target, err := os.Readlink(next)
			if links++; err != nil || links > maxLinks {
				return places
			}
			if filepath.IsAbs(target) {
				at = root
				target = target[len(filepath.VolumeName(target)):]
			}
			names = append(strings.Split(target, separator), names...)
			continue
		case !info.IsDir():
			return append(places, place{at, name})
		case at != root: // who renames a directory of the root does not do it for us
			places = append(places, place{next, itself})
		}
		at = next
	}
	if !tree {
		return places
	}
	if at != root { // of a removed directory that somebody still uses, only its entry tells
		places = append(places, place{filepath.Dir(at), filepath.Base(at)})
	}
	return append(places, foldersIn(at)...)
}

// foldersIn returns everything in a directory. What is no directory has none.
func foldersIn(root string) (places []place) {
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() { // also one that cannot be read
			places = append(places, place{path, everything})
		}
		if err != nil {
			return fs.SkipDir
		}
		return nil
	})
	return places
}
