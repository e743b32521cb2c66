package emit

import (
	"bytes"
	"fmt"
	"go/format"
	"go/types"
	"strings"

	"github.com/dave/jennifer/jen"
	"golang.org/x/tools/go/types/typeutil"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/plan"
)

// Files returns the sources of the generated files of p: of the wrappers, and of what
// identifies their code, nil when there is nothing of that. They are formatted, their
// imports grouped, the same bytes for the same plan. An error is a bug of this
// package, not of the user's code.
func Files(p *plan.Package) (wrappers, code []byte, err error) {
	f := &file{pkg: p, jen: jen.NewFilePathName(p.Scan.PkgPath, p.Scan.Name), names: newNames(p), depths: map[types.Type]int{}}
	f.helpers = newHelpers(f)
	f.jen.HeaderComment(load.Header)

	works := make([]*work, len(p.Works))
	for i, w := range p.Works {
		works[i] = newWork(f, w)
	}
	f.guards(works)
	for _, w := range works {
		w.emit()
	}
	f.helpers.emit()

	var src bytes.Buffer
	f.jen.NoFormat = true // once is enough
	if err := f.jen.Render(&src); err != nil {
		return nil, nil, fmt.Errorf("package %s: %w", p.Scan.PkgPath, err)
	}
	wrappers, err = format.Source(groupImports(src.Bytes()))
	if err != nil {
		return nil, nil, fmt.Errorf("package %s: the code is not valid: %w", p.Scan.PkgPath, err)
	}
	code, err = f.code(works)
	return wrappers, code, err
}

// groupImports puts the imports of the standard library first and a blank line
// behind them, as goimports does, which would parse and print everything twice.
// Imports that are not in parentheses stay as they are.
func groupImports(src []byte) []byte {
	before, rest, found := strings.Cut(string(src), "\nimport (\n")
	specs, after, closed := strings.Cut(rest, "\n)\n")
	if !found || !closed {
		return src
	}
	var std, others []string
	for _, spec := range strings.Split(specs, "\n") {
		_, path, _ := strings.Cut(spec, `"`)
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			others = append(others, spec)
		} else {
			std = append(std, spec)
		}
	}
	groups := strings.TrimSpace(strings.Join(std, "\n") + "\n\n" + strings.Join(others, "\n"))
	return []byte(before + "\nimport (\n" + groups + "\n)\n" + after)
}

// file is the file being written.
type file struct {
	pkg     *plan.Package
	jen     *jen.File
	names   *names
	helpers *helpers
	aliases typeutil.Map       // names of those that shorten types
	depths  map[types.Type]int // of types: see levels
}

// comment adds a doc comment, broken into lines.
func (f *file) comment(format string, args ...any) {
	f.jen.Line()
	for _, line := range wrap(fmt.Sprintf(format, args...), 77) {
		f.jen.Comment(strings.TrimRight("// "+line, " "))
	}
}

// wrap breaks text into lines of at most width bytes, between words; a blank
// line in text stays one.
func wrap(text string, width int) []string {
	var lines []string
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			lines = append(lines, "")
		}
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(word) > width {
				lines = append(lines, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		lines = append(lines, line)
	}
	return lines
}
