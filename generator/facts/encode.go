package facts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/workgen/workgen/generator/ambient"
	"github.com/workgen/workgen/generator/scan"
)

// A file has a line for the package and for each function, variable, use and reference,
// with fields separated by tabs, below the hash of the lines:
//
//	package	lib
//	function	Config.Path
//	use	env	os.Getenv	0	config.go	12	9	1
//	ref	example.com/other	Load	config.go	14	11	0

// encode returns the content of the package's file.
func (p *Package) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "package\t%s\n", p.Name)
	for _, name := range slices.Sorted(maps.Keys(p.Entries)) {
		e := p.Entries[name]
		what := "function"
		if e.Variable {
			what = "variable"
		}
		fmt.Fprintf(&b, "%s\t%s\n", what, name)
		for _, u := range e.Uses {
			fmt.Fprintf(&b, "use\t%s\t%s\t%d\t%s\n", u.Kind, u.What, u.When, u.At.encode())
		}
		for _, r := range e.Refs {
			fmt.Fprintf(&b, "ref\t%s\t%s\t%s\n", r.Path, r.Name, r.At.encode())
		}
	}
	return append([]byte(sum(b.Bytes())+"\n"), b.Bytes()...)
}

func (p Place) encode() string {
	return fmt.Sprintf("%s\t%d\t%d\t%d", p.File, p.Line, p.Column, p.Conditions)
}

// sum is the hash of lines.
func sum(lines []byte) string {
	h := sha256.Sum256(lines)
	return hex.EncodeToString(h[:])
}

// decode reads the content of the file of the package with a path. It returns nil when it
// is damaged.
func decode(path string, content []byte) *Package {
	head, lines, _ := bytes.Cut(content, []byte("\n"))
	if string(head) != sum(lines) {
		return nil
	}
	p := &Package{Path: path, Entries: map[string]*Entry{}}
	var e *Entry
	for line := range strings.Lines(string(lines)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case f[0] == "package":
			p.Name = f[len(f)-1]
		case len(f) == 2:
			e = &Entry{Name: f[1], Variable: f[0] == "variable"}
			p.Entries[e.Name] = e
		case len(f) == 8 && e != nil:
			when, _ := strconv.Atoi(f[3])
			e.Uses = append(e.Uses, Use{scan.Kind(f[1]), f[2], ambient.When(when), place(f[4:])})
		case len(f) == 7 && e != nil:
			e.Refs = append(e.Refs, Ref{ID{f[1], f[2]}, place(f[3:])})
		default:
			return nil
		}
	}
	return p
}

// place is the opposite of encode.
func place(f []string) (p Place) {
	p.File = f[0]
	p.Line, _ = strconv.Atoi(f[1])
	p.Column, _ = strconv.Atoi(f[2])
	p.Conditions, _ = strconv.Atoi(f[3])
	return p
}
