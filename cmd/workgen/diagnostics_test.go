package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unscripted are the sentences in the generator that no script shows: they are
// about what the compiler is known to refuse first, or no part of a diagnostic.
var unscripted = []string{
	" (and %d more)",
	`^(?://[ \t]*|/\*\s*)(?i:workgen)(?:\s*:\s*|[ \t]+)([a-zA-Z]+)(.*?)(?:\*/)?$`,
	`^(?://[ \t]*|/\*\s*)(?i:workgen)(?:\s*:\s*|[ \t]+)[a-zA-Z]+`,
	"tag it `",
	"the type is declared twice",
	"the type is invalid",
	"its type cannot be walked",
	" does not type-check",
	"its type does not type-check",
	" is declared inside a function and cannot be named outside it",
	" belongs to a command, which cannot be imported",
	"it is not known how to store it",
	"no export data: it does not compile",
	"no required module provides",
	"cannot find module",
	"not in std",
	"missing go.sum entry",
	"does not contain package",
}

// TestEveryDiagnosticHasAScript looks for everything that the generator can say
// of a user's code in the scripts: a text that stands in none of them has no test
// of its exact form and position.
func TestEveryDiagnosticHasAScript(t *testing.T) {
	scripts := ""
	names, _ := filepath.Glob("../../testdata/script/*.txtar")
	for _, name := range append(names, archives(t)...) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		scripts += string(content)
	}
	for _, s := range sentences(t) {
		if !strings.Contains(scripts, s.text) && !slices.Contains(unscripted, s.text) {
			t.Errorf("%s: no script has %q", s.pos, s.text)
		}
	}
}

// A sentence is a string literal of several words.
type sentence struct {
	pos  token.Position
	text string
}

// sentences finds what may be part of a diagnostic.
func sentences(t *testing.T) []sentence {
	t.Helper()
	fset := token.NewFileSet()
	var out []sentence
	for _, name := range generatorFiles(t) {
		// Of the entries of a long table, scripts show what they look like.
		if base := filepath.Base(name); base == "known.go" || base == "table.go" {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && isSilent(call) {
				return false
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err == nil && strings.Count(strings.Trim(text, " "), " ") >= 2 {
				out = append(out, sentence{fset.Position(lit.Pos()), text})
			}
			return true
		})
	}
	if len(out) < 50 {
		t.Fatalf("only %d sentences: not looking where they are", len(out))
	}
	return out
}

// generatorFiles are the files that have something to say of the user's code.
func generatorFiles(t *testing.T) (files []string) {
	t.Helper()
	for _, dir := range []string{"ambient", "flows", "load", "scan", "plan", ""} {
		found, _ := filepath.Glob(filepath.Join("../../generator", dir, "*.go"))
		for _, name := range found {
			if !strings.HasSuffix(name, "_test.go") {
				files = append(files, name)
			}
		}
	}
	if len(files) < 20 {
		t.Fatalf("only %d files: not looking where they are", len(files))
	}
	return files
}

// isSilent reports whether a call says nothing of the user's code: it logs, or
// makes an error of workgen's own.
func isSilent(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	return ok && (sel.Sel.Name == "Log" || sel.Sel.Name == "Errorf")
}
