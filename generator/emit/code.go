package emit

import (
	"bytes"
	"fmt"
	"go/format"
	"strconv"
	"strings"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/plan"
)

// codeNotice tells readers of the second file why there is one.
const codeNotice = `
// This file identifies the code that the works of this package reach. It changes
// when that code changes; %s changes only with the works themselves.
// To settle a merge conflict in this file, generate again.
`

// code returns the source of the file that identifies the code of works, nil when
// none of them needs it.
func (f *file) code(works []*work) ([]byte, error) {
	var src, linked bytes.Buffer
	c := &codeWriter{f, &src, &linked, map[string]string{}, ""}
	for _, w := range works {
		c.work(w)
	}
	if src.Len() == 0 {
		return nil, nil
	}
	var all bytes.Buffer
	wrapper, _ := f.pkg.Scan.GeneratedNames()
	fmt.Fprintf(&all, "%s\n%s\npackage %s\n\n", load.Header, fmt.Sprintf(codeNotice, wrapper), f.pkg.Scan.Name)
	if c.unsafe == "" {
		all.WriteString("import " + f.imported(runtimePath) + "\n")
	} else {
		all.WriteString("import (\n" + f.imported("unsafe") + "\n\n" + f.imported(runtimePath) + "\n)\n")
	}
	all.Write(src.Bytes())
	all.Write(linked.Bytes())
	out, err := format.Source(all.Bytes())
	if err != nil {
		return nil, fmt.Errorf("package %s: the code is not valid: %w", f.pkg.Scan.PkgPath, err)
	}
	return out, nil
}

// imported is the import of a path.
func (f *file) imported(path string) string {
	if f.names.alias[path] {
		return f.names.imports[path] + " " + strconv.Quote(path)
	}
	return strconv.Quote(path)
}

// A codeWriter writes the variables of works, and those of other packages that they refer
// to.
type codeWriter struct {
	*file
	src, other *bytes.Buffer
	linked     map[string]string // names of others, by their symbols
	unsafe     string            // name of the package, if it is used
}

// work writes the variable of one work.
func (cw *codeWriter) work(w *work) {
	c, b := w.plan.Code, cw.src
	if c == nil {
		return
	}
	comment := "%s identifies the code that [%s.Run] reaches in durable keys."
	if c.Version != "" {
		comment = "%s is the version in the directive of [%s], which stands for its code in durable keys."
	}
	b.WriteString("\n")
	for _, line := range wrap(fmt.Sprintf(comment, w.code, w.name), 77) {
		b.WriteString("// " + line + "\n")
	}
	fmt.Fprintf(b, "var %s = %s.Code{", w.code, w.names.imports[runtimePath])
	if c.Version != "" {
		fmt.Fprintf(b, "Version: %q}\n", c.Version)
		return
	}
	fmt.Fprintf(b, "\nSum: %q,\n", c.Sum)
	if c.Module != "" {
		fmt.Fprintf(b, "Module: %q,\n", c.Module)
	}
	writeStrings(b, "Modules", c.Modules)
	writeStrings(b, "Hashed", c.Hashed)
	cw.variables(c.Variables)
	fmt.Fprintf(b, "Symbols: %s,\n}\n", lines(c.Symbols))
}

// variables writes the field of those that the linker can set.
func (cw *codeWriter) variables(list []plan.Variable) {
	if len(list) == 0 {
		return
	}
	pkg := cw.names.imports[runtimePath]
	fmt.Fprintf(cw.src, "Variables: []%s.Variable{\n", pkg)
	for _, v := range list {
		fmt.Fprintf(cw.src, "%s.Linked(%q, %q, %s),\n", pkg, v.Name, v.Initial, cw.address(v))
	}
	cw.src.WriteString("},\n")
}

// address is where a variable is, or nil. One of another package is
// declared here, too, under its symbol, as a single byte: of two declarations the linker
// keeps the larger one, so that it is the other that says how the variable is used,
// whatever has become of it since this file was generated. Tests have no such declarations:
// there may be some already.
func (cw *codeWriter) address(v plan.Variable) string {
	_, code := cw.pkg.Scan.GeneratedNames()
	if v.Local == "" && (v.Symbol == "" || strings.HasSuffix(code, "_test.go")) {
		return "nil"
	}
	cw.unsafe = cw.names.importName("unsafe", "unsafe")
	if v.Local != "" {
		return fmt.Sprintf("%s.Pointer((*string)(&%s))", cw.unsafe, v.Local) // compiles for no other type
	}
	name, ok := cw.linked[v.Symbol]
	if !ok {
		at := strings.LastIndexByte(v.Symbol, '.')
		name = cw.names.declare("linked" + upperFirst(v.Symbol[at+1:]))
		cw.linked[v.Symbol] = name
		fmt.Fprintf(cw.other, "\n// %s is variable %s, which the linker can set.\n//\n//go:linkname %s %s\nvar %s byte\n", name, v.Name, name, v.Symbol, name)
	}
	return fmt.Sprintf("%s.Pointer(&%s)", cw.unsafe, name)
}

// writeStrings writes a field of strings, if there are any, one per line.
func writeStrings(b *bytes.Buffer, field string, list []string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "%s: []string{\n", field)
	for _, s := range list {
		fmt.Fprintf(b, "%q,\n", s)
	}
	b.WriteString("},\n")
}

// lines writes a string of lines so that each has one of its own, where there can be
// such a literal.
func lines(list []string) string {
	text := strings.Join(list, "\n") + "\n"
	if !strconv.CanBackquote(strings.ReplaceAll(text, "\n", "")) {
		return strconv.Quote(text)
	}
	return "`\n" + text + "`"
}
