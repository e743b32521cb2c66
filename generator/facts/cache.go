package facts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/workgen/workgen/generator/ambient"
	"github.com/workgen/workgen/generator/load"
)

// format is the version of the files, and of what computes them.
const format = "4"

// kept is how long a file may be used. Then it is computed again, and old ones are
// deleted.
const kept = 90 * 24 * time.Hour

// A cache keeps packages in files, one for each package of each version of a module, by
// everything that decides what is in it: the version of the module and of all modules that
// it imports, by which its references are resolved, the names of the files that are
// built, the release of Go with the system, workgen's own version, and the table of
// package ambient. Packages without a version count by their content. A file that is
// missing or damaged is computed anew, and nothing that goes wrong with files is an error.
type cache struct {
	build   *load.Build
	content func(d *load.Dependency) string
	dir     string            // "" when there is no place for one
	sums    map[string]string // of packages: see sum
	cleaned bool              // see clean
}

// newCache returns the cache in the user's cache directory.
func newCache(build *load.Build, content func(d *load.Dependency) string) *cache {
	c := &cache{build: build, content: content, sums: map[string]string{}}
	if dir, err := os.UserCacheDir(); err == nil {
		c.dir = filepath.Join(dir, "workgen", "facts", "v"+format)
	}
	return c
}

// load returns a package that is in the cache, nil when it is not.
func (c *cache) load(path string) *Package {
	name := c.file(path)
	if name == "" {
		return nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return decode(path, content)
}

// store puts a package into the cache.
func (c *cache) store(path string, p *Package) {
	name := c.file(path)
	if name == "" || os.MkdirAll(c.dir, 0o777) != nil {
		return
	}
	c.clean()
	f, err := os.CreateTemp(c.dir, "new-")
	if err != nil {
		return
	}
	_, err = f.Write(p.encode())
	if closed := f.Close(); err != nil || closed != nil || os.Rename(f.Name(), name) != nil {
		os.Remove(f.Name())
	}
}

// clean deletes old files, once.
func (c *cache) clean() {
	if c.cleaned {
		return
	}
	c.cleaned = true
	entries, _ := os.ReadDir(c.dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > kept {
			os.Remove(filepath.Join(c.dir, e.Name()))
		}
	}
}

// file is the name of a package's file, "" when it cannot be kept.
func (c *cache) file(path string) string {
	sum := c.sum(path)
	if c.dir == "" || sum == "" {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n%s\n", c.build.Release, version, ambient.Sum(), sum)
	return filepath.Join(c.dir, hex.EncodeToString(h.Sum(nil)[:16]))
}

// sum identifies the code of a package and of all that it imports, "" when nothing does.
func (c *cache) sum(path string) string {
	if sum, ok := c.sums[path]; ok {
		return sum
	}
	d := c.build.Dependencies[path]
	switch {
	case d == nil: // of a main module
		return ""
	case d.Module == nil:
		return "standard library"
	}
	h := sha256.New()
	source := d.Module.Source
	if source == "" {
		source = c.content(d)
	}
	fmt.Fprintf(h, "%s\n%s\n%s\n", path, source, d.Module.GoVersion)
	for _, file := range d.GoFiles {
		fmt.Fprintf(h, "file %s\n", filepath.Base(file))
	}
	sum := ""
	for _, imported := range d.Imports {
		if imported == "C" {
			continue
		}
		if sum = c.sum(imported); sum == "" {
			c.sums[path] = ""
			return ""
		}
		io.WriteString(h, imported+" "+sum+"\n")
	}
	c.sums[path] = hex.EncodeToString(h.Sum(nil))
	return c.sums[path]
}

// version is that of the module that workgen was built from, "(devel)" in its own tree.
var version = func() string {
	const path = "github.com/workgen/workgen"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == path {
			return m.Version
		}
	}
	return ""
}()
