// Package sources finds out whether a program was built from other code than it was
// generated for: whether go generate was forgotten.
//
// A generated file lists what a work reaches, with hashes. Where the sources that it was
// made from are still on disk, as they are for go run and go test, each declaration and
// file of its module that is listed is compared with what is there now. Nothing is looked
// for that was built with -trimpath, or runs where the sources are not.
//
// It is not seen when an edit was undone between the build and the start of the program.
// Nor are new declarations that nothing refers to which is listed: a method that
// implements an interface, a variable whose initialiser has effects. Nor is what is
// in other modules: those of a workspace, and those that a directory replaces.
package sources

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/workgen/workgen/internal/source"
)

// A Change is the first difference that was found.
type Change struct {
	Name string // a symbol, such as example.com/m.T.Run
	File string // where it is; the folder when it is gone
	Line int    // from 1; 0 for a file as a whole
}

// At says where it is.
func (c *Change) At() string {
	if c.Line == 0 {
		return c.File
	}
	return c.File + ":" + strconv.Itoa(c.Line)
}

// wrappers are the names of the files that callers are in.
var wrappers = map[string]bool{"workgen_gen.go": true, "workgen_gen_test.go": true, "workgen_gen_x_test.go": true}

// Generated returns the path of the generated file that has the caller of the caller's
// function, or that calls it in turn; "" when there is none, or it is not on disk.
func Generated() string {
	pcs := make([]uintptr, 8)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		f, more := frames.Next()
		if wrappers[path.Base(filepath.ToSlash(f.File))] {
			if _, err := os.Stat(f.File); err != nil || !filepath.IsAbs(f.File) {
				return ""
			}
			return f.File
		}
		if !more {
			return ""
		}
	}
}

// Changed compares the symbols of a work with the sources beside a generated file, and
// returns nil when nothing has changed, or there is nothing to compare. Each source file
// is read once per process. It may be called concurrently.
func Changed(generated, symbols string) *Change {
	mu.Lock()
	defer mu.Unlock()
	m := moduleOf(filepath.Dir(generated))
	if m == nil {
		return nil
	}
	own := ""
	if strings.HasSuffix(generated, "_test.go") {
		own = filepath.Dir(generated)
	}
	c := comparison{module: m, tested: own, listed: map[string]string{}, folders: map[string]*folder{}}
	for line := range strings.SplitSeq(symbols, "\n") {
		if at := strings.LastIndexByte(line, ' '); at >= 0 {
			c.listed[line[:at]] = line[at+1:]
		}
	}
	for line := range strings.SplitSeq(symbols, "\n") {
		if at := strings.LastIndexByte(line, ' '); at >= 0 {
			if change := c.symbol(line[:at], line[at+1:]); change != nil {
				return change
			}
		}
	}
	return c.initialised()
}

// A comparison is that of one work.
type comparison struct {
	module  *module
	tested  string             // the folder whose tests count, too
	listed  map[string]string  // hashes of symbols
	folders map[string]*folder // of the packages that are reached, by import path
}

// orderOf precedes the import path of a package whose variables have an order.
const orderOf = "order of initialisation in "

// symbol compares one symbol.
func (c *comparison) symbol(name, hash string) *Change {
	if rel, ok := strings.CutPrefix(name, "file "); ok {
		return c.file(name, rel, hash)
	}
	if pkg, ok := strings.CutPrefix(name, orderOf); ok {
		return c.order(name, pkg, hash)
	}
	f, d := c.find(name)
	if f == nil {
		return nil
	}
	if len(d) == 0 {
		return &Change{Name: name, File: f.dir}
	}
	sums := make([][sha256.Size]byte, len(d))
	for i := range d {
		if sums[i] = d[i].Sum; short(sums[i]) == hash {
			return nil
		}
	}
	if short(source.Join(sums)) == hash {
		return nil
	}
	return &Change{Name: name, File: d[0].file, Line: d[0].Line}
}

// find returns the declarations of a name, and the folder that has them or should have.
// It returns nil when that is not in the module.
func (c *comparison) find(name string) (in *folder, decls []place) {
	pkgs, locals := c.module.splits(name)
	for i, pkg := range pkgs {
		f := c.folder(pkg)
		if d := f.decls[locals[i]]; len(d) > 0 {
			c.folders[pkg] = f
			return f, d
		}
		if f.found && in == nil {
			in = f
		}
	}
	return in, nil
}

// file compares a file that is not in Go.
func (c *comparison) file(name, rel, hash string) *Change {
	if _, ok := c.module.inside(rel); !ok {
		return nil
	}
	file := c.module.folder(rel)
	content, err := os.ReadFile(file)
	sum := sha256.Sum256(content)
	if err == nil && short(sha256.Sum256(sum[:])) == hash {
		return nil
	}
	return &Change{Name: name, File: file}
}

// order compares the order in which variables are declared. Where no initialiser has
// effects it does not count, but that of functions init does: the hash is that of no
// variables then.
func (c *comparison) order(name, pkg, hash string) *Change {
	if _, ok := c.module.inside(pkg); !ok || hash == short(source.Order(nil)) {
		return nil
	}
	f := c.folder(pkg)
	var names []string
	for _, d := range f.all {
		if full := pkg + "." + d.Name; d.Initialised && d.Name != "_" && c.listed[full] != "" {
			names = append(names, full)
		}
	}
	if short(source.Order(names)) == hash {
		return nil
	}
	return &Change{Name: name, File: f.dir}
}

// initialised looks for functions init in packages that had none: they all count.
func (c *comparison) initialised() *Change {
	for pkg, f := range c.folders {
		if d := f.decls["init"]; len(d) > 0 && c.listed[pkg+".init"] == "" {
			return &Change{Name: pkg + ".init", File: d[0].file, Line: d[0].Line}
		}
	}
	return nil
}

// folder returns the folder of a package of the module.
func (c *comparison) folder(pkg string) *folder {
	dir := c.module.folder(pkg)
	return folderOf(dir, dir == c.tested)
}

// short is a hash as symbols have it.
func short(sum [sha256.Size]byte) string { return hex.EncodeToString(sum[:4]) }

// mu guards what was read.
var mu sync.Mutex
