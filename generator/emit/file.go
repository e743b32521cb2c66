package emit

import (
	"bytes"
	"fmt"
	"go/types"
	"strings"

	"github.com/dave/jennifer/jen"
	"golang.org/x/tools/go/types/typeutil"
	"golang.org/x/tools/imports"

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
	wrappers, err = imports.Process(load.GeneratedFile, src.Bytes(), &imports.Options{
		FormatOnly: true, Comments: true, TabIndent: true, TabWidth: 8,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("package %s: the code is not valid: %w", p.Scan.PkgPath, err)
	}
	code, err = f.code(works)
	return wrappers, code, err
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
