package reach

import (
	"crypto/sha256"
	"encoding/hex"
	"go/types"
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
	// example.com/m/daily/add.s, package golang.org/x/text/width.
	Name string
	// Sum is the hash of its content. Of a declaration it has the full names of what is
	// referred to, and the build constraint of the file. It is zero of what is executed
	// at the start and does not count: from the source alone nobody can tell.
	Sum [sha256.Size]byte
	// Source is what can be found again without types. Of a declaration it is the hash
	// of package internal/source, or of several ones that have one name, of all else Sum.
	Source [sha256.Size]byte
}

// Short is the name and, after a space, the first 8 hexadecimal digits of Source.
func (s Symbol) Short() string { return s.Name + " " + hex.EncodeToString(s.Source[:4]) }

// Symbols are the declarations and files that were reached, and the packages of other
// modules that count by their files, sorted by name.
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
	for _, d := range r.dependencies() {
		if d.Module != nil && d.Module.Copied {
			sums["package "+d.PkgPath] = []string{r.world.universe.directory(d)}
		}
	}
	r.orders(sums, sources)
	r.idle(named)
	r.answers(sums, named)
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
	for name, source := range sources {
		if sums[name] == nil {
			out = append(out, Symbol{Name: name, Source: source})
		}
	}
	slices.SortFunc(out, func(a, b Symbol) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// idle adds what is executed at the start and does not count. Whoever compares the sources
// with what was reached cannot tell.
func (r *Reach) idle(named map[string][]*decl) {
	for _, d := range r.pending {
		if _, ok := r.at[d]; !ok && (d.local() == "init" || !r.world.start(d).isNothing()) {
			d.source = d.pkg.sourceSum(d.at)
			named[d.name] = append(named[d.name], d)
		}
	}
}

// answers adds which types have the methods that types are only asked for. The methods
// themselves do not count; whoever compares the sources sees by them whether they are there.
func (r *Reach) answers(sums map[string][]string, named map[string][]*decl) {
	for c := range r.asks {
		for _, i := range r.implementers(c.method, c.recv()) {
			of := "pointers"
			if types.NewMethodSet(i.name.Type()).Lookup(c.method.Pkg(), c.method.Name()) != nil {
				of = "values"
			}
			sums["method "+i.name.Pkg().Path()+"."+i.name.Name()+"."+c.method.Name()] = []string{of}
			if i.method == nil || r.isReached(i.method) || exempt(i.method.pkg.PkgPath) {
				continue
			}
			for _, d := range i.method.inBuilds() {
				if !slices.Contains(named[d.name], d) {
					d.source = d.pkg.sourceSum(d.at)
					named[d.name] = append(named[d.name], d)
				}
			}
		}
	}
}

// Counts reports whether a symbol is in the fingerprint.
func (s Symbol) Counts() bool { return s.Sum != [sha256.Size]byte{} }

// Fingerprint is a digest of the symbols that count: 32 hexadecimal digits.
func Fingerprint(symbols []Symbol) string {
	h := sha256.New()
	for _, s := range symbols {
		if !s.Counts() {
			continue
		}
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

// Modules are the modules that a work reaches, by the paths they are required by. Which
// versions of them count only the running program knows.
type Modules struct {
	Own    string   // the one that has the work; "" when it is in none
	Linked []string // others, sorted, that count by their versions
	// Hashed are others, sorted, of which symbols have the content: those of the world,
	// and those of which there are copies here, in a folder that replaces them or in
	// vendor.
	Hashed []string
}

// Modules returns the modules that are reached. Those that reached ones depend on are
// among them, as far as it is code of theirs that is imported.
func (r *Reach) Modules() Modules {
	linked, hashed := map[string]bool{}, map[string]bool{}
	for p := range r.packages {
		if p.Module != nil {
			hashed[p.Module.Path] = true
		}
	}
	for _, d := range r.dependencies() {
		switch {
		case d.Module == nil:
		case d.Module.Copied:
			hashed[d.Module.Path] = true
		default:
			linked[d.Module.Path] = true
		}
	}
	var m Modules
	if own := r.root.pkg.Module; own != nil {
		m.Own = own.Path
		delete(hashed, own.Path)
	}
	m.Linked, m.Hashed = slices.Sorted(maps.Keys(linked)), slices.Sorted(maps.Keys(hashed))
	return m
}

// dependencies lists the packages outside of the world that are reached in some build, and
// those that they depend on, but for our runtime. Those of the standard library, and those
// that are missing, have no Module.
func (r *Reach) dependencies() []*load.Dependency {
	if r.depends != nil {
		return r.depends
	}
	r.depends = []*load.Dependency{}
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
			r.depends = append(r.depends, d)
			if d.Module != nil {
				imported = append(imported, d.Everywhere()...)
			}
		}
		next = imported
	}
	return r.depends
}

// Missing are the packages outside of the world that are reached in some build and of
// which nothing more is known.
func (r *Reach) Missing() (missing []*load.Dependency) {
	for _, d := range r.dependencies() {
		if d.Missing != "" {
			missing = append(missing, d)
		}
	}
	return missing
}

// directory hashes the files of a package of which there is a copy here.
func (u *Universe) directory(d *load.Dependency) string {
	if sum, ok := u.modules[d.PkgPath]; ok {
		return sum
	}
	h := sha256.New()
	io.WriteString(h, "go "+d.Module.GoVersion+"\x00")
	for _, file := range d.Files {
		io.WriteString(h, filepath.Base(file)+"\x00"+content(file))
	}
	u.modules[d.PkgPath] = string(h.Sum(nil))
	return u.modules[d.PkgPath]
}
