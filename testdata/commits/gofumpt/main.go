// Command commits is put into checkouts of gofumpt. It has works over parts of it, small
// ones first, and the whole of it last.
package main

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"

	"mvdan.cc/gofumpt/format"
	"mvdan.cc/gofumpt/internal/govendor/diff"
	"mvdan.cc/gofumpt/internal/govendor/go/doc/comment"
	gofmt "mvdan.cc/gofumpt/internal/govendor/go/format"
)

// Diff compares two texts.
//
//workgen:work
type Diff struct{}

func (Diff) Run(a, b string) string {
	return string(diff.Diff("a", []byte(a), "b", []byte(b)))
}

// Doc prints a doc comment.
//
//workgen:work
type Doc struct{}

func (Doc) Run(text string) string {
	return string(new(comment.Printer).Comment(new(comment.Parser).Parse(text)))
}

// Print formats Go as gofmt does.
//
//workgen:work
type Print struct{}

func (Print) Run(text string) (string, error) {
	out, err := gofmt.Source([]byte(text))
	return string(out), err
}

// Rewrite changes a syntax tree, and prints it as it is.
//
//workgen:work
type Rewrite struct{}

func (Rewrite) Run(text string) (string, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "a.go", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	format.File(fset, f, format.Options{ModulePath: "example.com/m"})
	var b bytes.Buffer
	err = gofmt.Node(&b, fset, f)
	return b.String(), err
}

// Format is all of gofumpt that needs no files.
//
//workgen:work
type Format struct{}

func (Format) Run(text string) (string, error) {
	out, err := format.Source([]byte(text), format.Options{ModulePath: "example.com/m"})
	return string(out), err
}

func main() {
	differ, doc, printer := NewDiffRunner(&Diff{}, stored), NewDocRunner(&Doc{}, stored), NewPrintRunner(&Print{}, stored)
	rewrite, formatter := NewRewriteRunner(&Rewrite{}, stored), NewFormatRunner(&Format{}, stored)
	const text = "a\nb\nc\n"
	for _, other := range []string{text, "a\nc\n", "", "a\nb\nd\ne"} {
		call("Diff", other, differ.Key(text, other), func() (string, error) { return differ.Run(ctx, text, other) })
	}
	for _, text := range []string{"", "A text.\n\n# Heading\n\n  - one\n  - two\n\n[Link]: https://example.com\n", "Code:\n\n\tx := 1\n"} {
		call("Doc", text, doc.Key(text), func() (string, error) { return doc.Run(ctx, text) })
	}
	for i, text := range []string{
		"package p\n\nimport (\n\t\"example.com/m/a\"\n\t\"fmt\"\n)\n\nfunc f() {\n\n\tvar x = 1\n\tif x := []int{ 1 }; len(x) > 0x0 {\n\n\t\tfmt.Println(x)\n\n\t}\n}\n",
		"package p\nvar a = 1\nvar (\n\tb = 2\n)\nfunc g(x int, y int) (z error) {\n\tif err := a(); err != nil { return err }\n\n\n\treturn nil }\n",
		"//comment\npackage p\n\ntype T struct{\n\n\tA int //comment\n}\n\nconst m = 0644\n\nfunc h(a,\n\tb int) {\n\tswitch {\n\n\tcase true:\n\t}\n}\n", "package",
	} {
		input := fmt.Sprint(i)
		call("Print", input, printer.Key(text), func() (string, error) { return printer.Run(ctx, text) })
		call("Rewrite", input, rewrite.Key(text), func() (string, error) { return rewrite.Run(ctx, text) })
		call("Format", input, formatter.Key(text), func() (string, error) { return formatter.Run(ctx, text) })
	}
	tell()
}
