package emit

import (
	"bytes"
	"fmt"
	"go/format"
	"strconv"
	"strings"

	"github.com/workgen/workgen/generator/load"
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
	var src bytes.Buffer
	for _, w := range works {
		w.writeCode(&src)
	}
	if src.Len() == 0 {
		return nil, nil
	}
	var all bytes.Buffer
	wrapper, _ := f.pkg.Scan.GeneratedNames()
	fmt.Fprintf(&all, "%s\n%s\npackage %s\n\nimport ", load.Header, fmt.Sprintf(codeNotice, wrapper), f.pkg.Scan.Name)
	if f.names.alias[runtimePath] {
		all.WriteString(f.names.imports[runtimePath] + " ")
	}
	all.WriteString(strconv.Quote(runtimePath) + "\n")
	all.Write(src.Bytes())
	out, err := format.Source(all.Bytes())
	if err != nil {
		return nil, fmt.Errorf("package %s: the code is not valid: %w", f.pkg.Scan.PkgPath, err)
	}
	return out, nil
}

// writeCode writes the variable of one work.
func (w *work) writeCode(b *bytes.Buffer) {
	c := w.plan.Code
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
	writeStrings(b, "Variables", c.Variables)
	fmt.Fprintf(b, "Symbols: %s,\n}\n", lines(c.Symbols))
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
