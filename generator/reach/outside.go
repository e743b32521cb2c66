package reach

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/workgen/workgen/generator/load"
)

// A Symbol is something that was reached.
type Symbol struct {
	// Name is in full: example.com/m/daily.T.Method, file
	// example.com/m/daily/add.s, module golang.org/x/text v0.3.0.
	Name string
	// Sum is the hash of its content. Of a declaration it has the full names of what is
	// referred to, and the build constraint of the file.
	Sum [sha256.Size]byte
	// Source is what can be found again without types. Of a declaration it is the hash
	// of package internal/source, or of several ones that have one name, of all else Sum.
	Source [sha256.Size]byte
}

// Short is the name and, after a space, the first 8 hexadecimal digits of Source.
func (s Symbol) Short() string { return s.Name + " " + hex.EncodeToString(s.Source[:4]) }

// Symbols are the declarations, files and modules that were reached, sorted by
// name.
func (r *Reach) Symbols() []Symbol {
	sums, sources, named := map[string][]string{}, map[string][sha256.Size]byte{}, map[string][]*decl{}
	for _, s := range r.steps {
		name := s.decl.name
		if s.decl.generated {
			name = "generated " + name
		}
		sums[name] = append(sums[name], string(s.decl.hash[:]))
		named[name] = append(named[name], s.decl)
		r.embedded(s.decl, sums)
	}
	for p := range r.packages {
		p.files(sums)
	}
	r.modules(sums)
	r.orders(sums, sources)
	for name, decls := range named {
		sources[name] = joined(decls)
	}
	out := make([]Symbol, 0, len(sums))
	for name, all := range sums {
		slices.Sort(all) // several functions init have one name
		sum := sha256.Sum256([]byte(strings.Join(all, "")))
		symbol := Symbol{name, sum, sum}
		if source, ok := sources[name]; ok {
			symbol.Source = source
		}
		out = append(out, symbol)
	}
	slices.SortFunc(out, func(a, b Symbol) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Fingerprint is a digest of symbols: 32 hexadecimal digits.
func Fingerprint(symbols []Symbol) string {
	h := sha256.New()
	for _, s := range symbols {
		io.WriteString(h, s.Name+"\x00")
		h.Write(s.Sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// embedded adds the files that go:embed puts into a variable.
func (r *Reach) embedded(d *decl, sums map[string][]string) {
	for _, file := range d.pkg.EmbedFiles {
		rel, err := filepath.Rel(d.pkg.Dir, file)
		if err != nil {
			continue
		}
		rel = filepath.ToSlash(rel)
		if slices.ContainsFunc(d.embeds, func(p string) bool { return covers(p, rel) }) {
			name := "file " + d.pkg.PkgPath + "/" + rel
			sums[name] = []string{content(file)}
		}
	}
}

// covers reports whether a pattern of go:embed names a file or a directory
// above it.
func covers(pattern, file string) bool {
	for ; file != "." && file != "/"; file = path.Dir(file) {
		if ok, err := path.Match(pattern, file); ok && err == nil {
			return true
		}
	}
	return pattern == "."
}

// files adds the files of a package that are not in Go, and those that import "C": they
// have C in their comments.
func (p *pkg) files(sums map[string][]string) {
	for _, file := range slices.Concat(p.OtherFiles, p.variantsOf().cgo) {
		sums["file "+p.PkgPath+"/"+filepath.Base(file)] = []string{content(file)}
	}
}

// content is a hash of what a file holds; of one that cannot be read, of its
// name: when it can be read again, that is a change.
func content(name string) string {
	h := sha256.New()
	f, err := os.Open(name)
	if err == nil {
		_, err = io.Copy(h, f)
		f.Close()
	}
	if err != nil {
		io.WriteString(h, "cannot read "+filepath.Base(name))
	}
	return string(h.Sum(nil))
}

// modules adds the modules outside of the world that are reached, and those that they
// depend on.
func (r *Reach) modules(sums map[string][]string) {
	seen := map[string]bool{}
	for next := slices.Sorted(maps.Keys(r.outside)); len(next) > 0; {
		r.world.build.Complete(next)
		var imported []string
		for _, path := range next {
			d := r.world.build.Dependencies[path]
			if d == nil || seen[path] || exempt(path) {
				continue
			}
			seen[path] = true
			if d.Missing != "" {
				r.missing = append(r.missing, d)
			}
			if m := d.Module; m == nil {
				continue
			} else if m.Version == "" { // a directory: its path is that of one machine
				sums["package "+d.PkgPath] = []string{r.world.universe.directory(d)}
			} else {
				name := "module " + m.Path + " " + m.Version
				sums[name] = []string{name + " " + m.Sum}
			}
			imported = append(imported, d.Everywhere()...)
		}
		next = imported
	}
}

// Missing are the packages outside of the world that are reached in some build and of
// which Symbols, which has to be called before, cannot say more.
func (r *Reach) Missing() []*load.Dependency { return r.missing }

// directory hashes the files of a package of a module that a directory
// replaces.
func (u *Universe) directory(d *load.Dependency) string {
	if sum, ok := u.modules[d.PkgPath]; ok {
		return sum
	}
	h := sha256.New()
	for _, file := range d.Files {
		io.WriteString(h, filepath.Base(file)+"\x00"+content(file))
	}
	u.modules[d.PkgPath] = string(h.Sum(nil))
	return u.modules[d.PkgPath]
}
