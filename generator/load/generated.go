package load

import (
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// maxGenerated bounds what is read of a generated file, in bytes: thousands of works.
const maxGenerated = 256 << 20

// ReadGenerated reads a generated file, or what stands in its place. It follows
// links, but only to regular files of bounded size: a device or pipe would never end. The
// error wraps [fs.ErrNotExist] when there is nothing.
func ReadGenerated(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = readable(info)
	}
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// readable returns an error unless info is of a file that can be read whole.
func readable(info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("this has the name of the generated file, but is not a regular file")
	}
	if info.Size() > maxGenerated {
		return fmt.Errorf("this has the name of the generated file, but more than %d MiB", maxGenerated>>20)
	}
	return nil
}

// unreadable adds the files that have the name of the generated one and cannot be
// read. The go command must not be waited for before: it reads the beginning of every
// file, and that of a pipe never comes.
func (e *Error) unreadable(cfg Config) {
	for _, dir := range searched(cfg) {
		e.unreadableBelow(dir, dir)
	}
}

// unreadableBelow looks into dir, which is root or below it, as the go command does
// for root/...
func (e *Error) unreadableBelow(root, dir string) {
	entries, _ := os.ReadDir(dir)
	if dir != root {
		for _, entry := range entries {
			if entry.Name() == "go.mod" { // another module
				return
			}
		}
	}
	for _, entry := range entries {
		name := entry.Name()
		path := filepath.Join(dir, name)
		switch {
		case entry.IsDir() && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "_"):
			e.unreadableBelow(root, path)
		case IsGeneratedFile(name) && !entry.IsDir():
			message := "a link with the name of the generated file leads nowhere"
			info, err := os.Stat(path)
			if err == nil {
				if err = readable(info); err == nil {
					continue
				}
				message = err.Error()
			}
			e.add(token.Position{Filename: path}, message, "remove it, and generate again")
		}
	}
}

// searched lists the folders that the go command looks for packages in: the modules
// worked on, and those of local patterns.
func searched(cfg Config) (dirs []string) {
	defer func() {
		slices.Sort(dirs)
		dirs = slices.Compact(dirs)
	}()
	for _, pattern := range cfg.Patterns {
		if below, _ := strings.CutSuffix(pattern, "/..."); isLocal(below) {
			if !filepath.IsAbs(below) {
				below = filepath.Join(cfg.Dir, below)
			}
			dirs = append(dirs, below)
		}
	}
	for _, name := range []string{"go.mod", "go.work"} {
		dir, ok := above(cfg.Dir, name)
		if !ok {
			continue
		}
		if name == "go.mod" {
			dirs = append(dirs, dir)
			continue
		}
		content, _ := os.ReadFile(filepath.Join(dir, name))
		work, err := modfile.ParseWork(name, content, nil)
		if err != nil {
			continue // the go command says so
		}
		for _, use := range work.Use {
			if path := filepath.FromSlash(use.Path); filepath.IsAbs(path) {
				dirs = append(dirs, path)
			} else {
				dirs = append(dirs, filepath.Join(dir, path))
			}
		}
	}
	return dirs
}

// above returns the nearest directory from dir upwards that has a file.
func above(dir, name string) (string, bool) {
	for {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}
