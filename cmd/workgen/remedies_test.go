package main

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/write"
	"github.com/workgen/workgen/internal/testdir"
)

// An edit is a place in the files of testdata/remedies where a fix is applied:
//
//	⟦text before⇒text after⟧
//	⟦text before⇒text after∵what the fix says⟧
//
// The second form names the fix, word for word; edits of the first form are what
// else the same fix takes.
var edit = regexp.MustCompile(`(?s)⟦([^⟦⇒]*)⇒([^⟦⟧∵]*)(?:∵([^⟦⟧]*))?⟧`)

// checkFunc matches a function that looks at what works return.
var checkFunc = regexp.MustCompile(`\nfunc (Check\w*)\(t check\.T\)`)

// remedies are the archives of testdata/remedies, as one module. What the
// generator says of it is in the archives, in files called want; after all edits it
// says nothing, or what is in files called after. All packages are then compiled, and
// their functions Check… called, which look at what the works return.
type remedies struct {
	dir           string
	before, after map[string]string   // content of files by name
	want, rest    string              // diagnostics before and after
	applied       []string            // what the edits say that they do
	checks        map[string][]string // the functions Check… of each package
}

// TestEveryFixIsRight applies fixes to the letter: then the module is generated
// for, compiles, and returns what it should.
func TestEveryFixIsRight(t *testing.T) {
	r := readRemedies(t)
	r.write(t, r.before)
	result := r.generate(t)
	said := text(t, result.Diagnostics, r.dir)
	if *update {
		updateWants(t, said)
	} else if diff := cmp.Diff(r.want, said); diff != "" {
		t.Errorf("before the fixes: %s", diff)
	}
	for _, text := range r.applied {
		if !slices.ContainsFunc(strings.Split(said, "\n"), func(line string) bool {
			return strings.HasPrefix(line, "\tfix: ") && strings.Contains(line, text)
		}) {
			t.Errorf("an edit does what no message says: %s", text)
		}
	}
	t.Run("suggested edits", func(t *testing.T) { r.rewrites(t, result.Diagnostics) })

	r.write(t, r.after)
	result = r.generate(t)
	if diff := cmp.Diff(r.rest, text(t, result.Diagnostics, r.dir)); diff != "" {
		t.Fatalf("after the fixes: %s", diff)
	}
	if _, err := write.Write(result.Files); err != nil {
		t.Fatal(err)
	}
	r.write(t, map[string]string{"main.go": r.main()})
	r.run(t, append([]string{"vet", "-assign"}, r.unchecked()...)...)
	r.run(t, "run", "-ldflags=-w", "-gcflags=example.com/m/...=-N -l", ".")
}

// run runs the go command, which must have nothing to say.
func (r *remedies) run(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = r.dir, environment()
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("go %s: %v\n%s", args[0], err, out)
	}
}

// unchecked are the packages without a function Check: it is enough that they
// type-check, which takes a third of the time.
func (r *remedies) unchecked() (dirs []string) {
	for _, dir := range slices.Sorted(maps.Keys(r.checks)) {
		if len(r.checks[dir]) == 0 {
			dirs = append(dirs, "./"+dir)
		}
	}
	return dirs
}

// rewrites applies the first edit that is suggested for each diagnostic, as go vet
// -fix does, and then the second: the generator must have nothing more to say.
func (r *remedies) rewrites(t *testing.T, diags *diag.List) {
	for round := range 2 {
		byFile := map[string][]diag.Rewrite{}
		mended := map[string]bool{}
		for _, d := range diags.Sorted(r.dir) {
			if len(d.Rewrites) > round {
				w := d.Rewrites[round]
				byFile[w.File] = append(byFile[w.File], w)
				mended[d.Pos.String()+d.Message] = true
			}
		}
		if len(mended) < 4-2*round {
			t.Fatalf("only %d edits are suggested: not looking where they are", len(mended))
		}
		r.write(t, r.before)
		for file, list := range byFile {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(list, func(a, b diag.Rewrite) int { return b.Start - a.Start })
			for _, w := range slices.CompactFunc(list, func(a, b diag.Rewrite) bool { return a == b }) {
				content = slices.Concat(content[:w.Start], []byte(w.New), content[w.End:])
			}
			if err := os.WriteFile(file, content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		known := map[string]bool{}
		for _, d := range diags.Sorted(r.dir) {
			known[d.Pos.Filename+d.Message] = true
		}
		for _, d := range r.generate(t).Diagnostics.Sorted(r.dir) {
			if mended[d.Pos.String()+d.Message] || !known[d.Pos.Filename+d.Message] {
				t.Errorf("after edit %d: %s: %s", round+1, d.Pos, d.Message)
			}
		}
	}
}

// readRemedies reads the archives.
func readRemedies(t *testing.T) *remedies {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	mod := "module example.com/m\n\ngo 1.26.0\n\nrequire (\n\texample.com/ext v0.0.0\n\tgithub.com/workgen/workgen v0.0.0\n)\n\n" +
		"replace (\n\texample.com/ext => ./ext\n\tgithub.com/workgen/workgen => " + root + "\n)\n"
	r := &remedies{dir: testdir.New(t, "remedies of "+root), before: map[string]string{"go.mod": mod, "go.sum": string(sums)}, checks: map[string][]string{}}
	r.after = maps.Clone(r.before)
	for _, name := range archives(t) {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			content := string(f.Data)
			switch topic := strings.TrimSuffix(filepath.Base(name), ".txtar"); f.Name {
			case "want":
				r.want += content
			case "after":
				r.rest += content
			default:
				r.add(topic+"/"+f.Name, content)
			}
		}
	}
	return r
}

// archives are the files of testdata/remedies, sorted.
func archives(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("../../testdata/remedies/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal("no remedies", err)
	}
	return names
}

// add adds a file as it is before and after its edits.
func (r *remedies) add(name, content string) {
	for _, m := range edit.FindAllStringSubmatch(content, -1) {
		if m[3] != "" {
			r.applied = append(r.applied, strings.TrimSpace(m[3]))
		}
	}
	r.before[name] = edit.ReplaceAllString(content, "$1")
	r.after[name] = edit.ReplaceAllString(content, "$2")
	dir := filepath.ToSlash(filepath.Dir(name))
	if !strings.HasSuffix(name, ".go") || r.after[name] == "" || strings.HasPrefix(name, "ext/") || strings.HasSuffix(name, "_test.go") || strings.Contains(name, "/internal/") {
		return
	}
	checks := r.checks[dir]
	for _, m := range checkFunc.FindAllStringSubmatch(r.after[name], -1) {
		checks = append(checks, m[1])
	}
	r.checks[dir] = checks // also when there are none: the package is built
}

// write makes the files be there with the given content: none when it is empty.
func (r *remedies) write(t *testing.T, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(r.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(content) == "" {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// generate generates for all packages, and writes nothing.
func (r *remedies) generate(t *testing.T) *generator.Result {
	t.Helper()
	result, err := generator.Generate(context.Background(), generator.Config{Dir: r.dir, Patterns: []string{"./..."}, Env: environment()})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func environment() []string {
	return append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "GOGC=400")
}

// main is a program that calls all functions Check.
func (r *remedies) main() string {
	imports, calls := "", ""
	for i, path := range slices.Sorted(maps.Keys(r.checks)) {
		if len(r.checks[path]) > 0 {
			imports += fmt.Sprintf("\tp%d %q\n", i, "example.com/m/"+path)
		}
		for _, name := range r.checks[path] {
			calls += fmt.Sprintf("\tcheck.Run(%q, p%d.%s)\n", path+" "+name, i, name)
		}
	}
	return "package main\n\nimport (\n\t\"example.com/m/lib/check\"\n" + imports + ")\n\nfunc main() {\n" + calls + "\tcheck.Exit()\n}\n"
}

// text is what the command prints.
func text(t *testing.T, l *diag.List, dir string) string {
	t.Helper()
	var b bytes.Buffer
	if err := l.Write(&b, dir); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// updateWants writes what is said of each archive's packages into it.
func updateWants(t *testing.T, said string) {
	t.Helper()
	byTopic := map[string]string{}
	topic := ""
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "\t") {
			topic, _, _ = strings.Cut(strings.TrimPrefix(line, "./"), "/")
		}
		byTopic[topic] += line
	}
	for _, name := range archives(t) {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		topic := strings.TrimSuffix(filepath.Base(name), ".txtar")
		for i, f := range archive.Files {
			if f.Name == "want" {
				archive.Files[i].Data = []byte(byTopic[topic])
			}
		}
		if err := os.WriteFile(name, txtar.Format(archive), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryFixIsApplied looks for every part of every fix in what the edits of
// testdata/remedies say that they do, and in the comments of scripts that apply the
// others: a fix that is never applied may be wrong.
func TestEveryFixIsApplied(t *testing.T) {
	applied := strings.Join(readRemedies(t).applied, "\n") + "\n"
	eachLine(t, func(line string) {
		if fix, ok := strings.CutPrefix(line, "# Applied: "); ok {
			applied += fix
		}
	})
	offered := offered(t)
	for _, l := range literals(t) {
		if !l.isFix && !strings.Contains(offered, l.text) {
			continue
		}
		for part := range strings.SplitSeq(l.text, ", or ") {
			if part = strings.TrimSpace(part); strings.Contains(part, " ") && !strings.Contains(applied, part) {
				t.Errorf("%s: nothing in testdata/remedies applies %q", l.pos, part)
			}
		}
	}
}

// offered are the fixes in the scripts and remedies, one on each line.
func offered(t *testing.T) string {
	t.Helper()
	var lines strings.Builder
	eachLine(t, func(line string) {
		if _, fix, ok := strings.Cut(line, "fix: "); ok {
			lines.WriteString(fix)
		}
	})
	return lines.String()
}

// eachLine calls do for the lines of all scripts and remedies.
func eachLine(t *testing.T, do func(line string)) {
	t.Helper()
	names, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, archives(t)...) {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			do(line)
		}
	}
}

// A literal is a string in the source of the generator. isFix says that it
// stands where a fix is made.
type literal struct {
	pos   token.Position
	text  string
	isFix bool
}

// literals finds all strings that may be a part of a fix.
func literals(t *testing.T) []literal {
	t.Helper()
	fset := token.NewFileSet()
	var out []literal
	for _, name := range generatorFiles(t) {
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		fixes := map[ast.Node]bool{}
		ast.Inspect(f, func(n ast.Node) bool {
			for _, fix := range fixesIn(n) {
				ast.Inspect(fix, func(n ast.Node) bool {
					fixes[n] = true
					return true
				})
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err == nil && strings.Contains(strings.TrimSpace(text), " ") && !strings.Contains(text, `\s`) {
				out = append(out, literal{fset.Position(lit.Pos()), text, fixes[n]})
			}
			return true
		})
	}
	return out
}

// fixesIn returns the expressions directly below n that are made for the Fix of a
// diagnostic.
func fixesIn(n ast.Node) (fixes []ast.Expr) {
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if id, ok := n.Key.(*ast.Ident); ok && (id.Name == "Fix" || id.Name == "fix" || id.Name == "advice" || id.Name == "caution") {
			return []ast.Expr{n.Value}
		}
	case *ast.ValueSpec:
		if strings.HasPrefix(n.Names[0].Name, "advice") {
			return n.Values
		}
	case *ast.CallExpr:
		at := map[string]int{"s.report": 3, "report": 2, "reportRewrites": 4, "e.add": 2, "c.warn": 3}
		name := ""
		switch fun := n.Fun.(type) {
		case *ast.Ident:
			name = fun.Name
		case *ast.SelectorExpr:
			name = fun.Sel.Name
			if x, ok := fun.X.(*ast.Ident); ok && at[x.Name+"."+name] > 0 {
				name = x.Name + "." + name
			}
		}
		if i := at[name]; i > 0 && len(n.Args) > i {
			return n.Args[i : i+1]
		}
	}
	return nil
}
