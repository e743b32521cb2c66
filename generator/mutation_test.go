package generator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/write"
)

var (
	mutations    = flag.Int("mutations", 0, "how many changes of a real module to try")
	mutationSeed = flag.Uint64("mutations.seed", 1, "what they are drawn with")
)

// esbuild is the module that is changed: some 96,000 lines.
const esbuild = "github.com/evanw/esbuild@v0.28.2"

// TestMutations changes single places of a real module in which there are works, and
// builds and runs it after each change. A work whose results are others now must have
// other keys. Where its keys change although its results do not, the change is counted
// by its reason: it is of a declaration that Run reaches, whatever the inputs tried here
// make of it, or it is not, and then the miss was needless.
//
//	go test ./generator -run Mutations -mutations 500 -timeout 3h -v
func TestMutations(t *testing.T) {
	if *mutations == 0 {
		t.Skip("builds a large module for each change: give -mutations 500")
	}
	m := newMutated(t)
	before := m.calls(t.Context())
	if len(before) == 0 {
		t.Fatalf("the module does not build:\n%s", m.failure)
	}
	if again := m.calls(t.Context()); !slices.Equal(before, again) {
		t.Fatalf("results or keys change without a change:\n%s", cmp.Diff(before, again))
	}
	random := rand.New(rand.NewPCG(*mutationSeed, 0))
	count := map[string]int{}
	for tried := 0; tried < *mutations; {
		c := m.draw(random)
		m.put(c.file, c.text)
		after := m.calls(t.Context())
		if after != nil {
			tried++
			count["changes: "+c.kind]++
			for work, v := range compare(before, after) {
				what := v.String()
				if v == needless {
					what += ": " + m.reason(work, c)
				}
				count[what]++
				switch {
				case v == wrong:
					t.Errorf("%s: work %s has the same keys and other results", c, work)
				case v == needless && !m.reaches(work, c):
					t.Logf("%s: needless miss of %s", c, work)
				}
			}
		}
		m.put(c.file, c.before)
	}
	for _, what := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%6d %s", count[what], what)
	}
}

// What is said of a work over most of the module. Each was judged by reading the code:
// debug.Stack can be in a message about a panic; the others make no difference to what is
// returned, and nobody has found a proof of that which holds for other programs, too.
func TestWarningsOfWhatMutationsChange(t *testing.T) {
	if *mutations == 0 {
		t.Skip("looks at a large module: give -mutations 1")
	}
	m := newMutated(t)
	_, works, err := generator.Explain(t.Context(), generator.Config{Dir: m.dir, Patterns: []string{"./cmd/mutated"}, Env: m.env()}, "Transform")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"bundler.go: Run reaches rand.Read",                   // in a placeholder that is replaced again
		"bundler.go: Run reaches variable globalRuntimeCache", // by all options that what is in it is made from
		"globals.go: Run reaches variable processedGlobals",   // only written without a caller's definitions
		"logger.go: Run reaches os.LookupEnv",                 // the look of what is printed
		"logger.go: Run reaches os.LookupEnv",
		"stack.go: Run reaches debug.Stack",
		"timer.go: Run reaches time.Now", // only a command makes timers, and their times are logged
		"timer.go: Run reaches time.Now",
	}
	var got []string
	for _, d := range works[0].Problems {
		what, _, _ := strings.Cut(d.Message, ",")
		got = append(got, filepath.Base(d.Pos.Filename)+": "+what)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A verdict is what became of the keys of a work, judged by its results.
type verdict int

const (
	hit      verdict = iota // neither have changed
	miss                    // both have
	needless                // only keys
	wrong                   // only results
)

func (v verdict) String() string {
	return [...]string{"hits, same results", "misses, other results", "misses, same results", "WRONG HITS"}[v]
}

// A mutatedCall is one call of a work of the module.
type mutatedCall struct{ Work, Input, Key, Result string }

// compare judges each work: one call with other results and the same key is enough for
// a wrong hit.
func compare(before, after []mutatedCall) map[string]verdict {
	type call struct{ work, input string }
	old := map[call]mutatedCall{}
	for _, c := range before {
		old[call{c.Work, c.Input}] = c
	}
	keys, results := map[string]bool{}, map[string]bool{}
	for _, c := range after {
		o := old[call{c.Work, c.Input}]
		keys[c.Work] = keys[c.Work] || o.Key != c.Key
		results[c.Work] = results[c.Work] || o.Result != c.Result
	}
	verdicts := map[string]verdict{}
	for work := range keys {
		switch {
		case results[work] && keys[work]:
			verdicts[work] = miss
		case results[work]:
			verdicts[work] = wrong
		case keys[work]:
			verdicts[work] = needless
		default:
			verdicts[work] = hit
		}
	}
	return verdicts
}

// A mutated is a checkout of the module.
type mutated struct {
	t       *testing.T
	dir     string
	files   []string // Go files without tests, relative to dir
	failure string   // why there were no calls last
	// reached are the names of what the works reach, by work, in the module as it was.
	reached map[string]map[string]bool
}

// newMutated makes a checkout with the works of testdata/mutation in it.
func newMutated(t *testing.T) *mutated {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", esbuild).Output()
	var module struct{ Dir string }
	if err != nil || json.Unmarshal(out, &module) != nil {
		t.Fatalf("%s is not to be had: %v", esbuild, err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	m := &mutated{t: t, dir: t.TempDir(), reached: map[string]map[string]bool{}}
	if err := os.CopyFS(m.dir, os.DirFS(module.Dir)); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(m.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = os.Chmod(path, 0o755)
		}
		if rel, _ := filepath.Rel(m.dir, path); strings.HasSuffix(rel, ".go") && !strings.HasSuffix(rel, "_test.go") {
			m.files = append(m.files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(m.dir, "cmd", "mutated"), os.DirFS(filepath.Join(root, "testdata", "mutation"))); err != nil {
		t.Fatal(err)
	}
	if out, err := m.command(t.Context(), "go", "mod", "edit", "-go=1.26.0", "-require=github.com/workgen/workgen@v0.0.0", "-replace=github.com/workgen/workgen="+root); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	m.put("go.sum", string(sums))
	if out, err := m.command(t.Context(), "go", "list", "-deps", "github.com/workgen/workgen/runtime"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, work := range []string{"Style", "Script", "Digest", "Segments", "Transform"} {
		_, works, err := generator.Explain(t.Context(), generator.Config{Dir: m.dir, Patterns: []string{"./cmd/mutated"}, Env: m.env()}, work)
		if err != nil || len(works) != 1 {
			t.Fatalf("work %s: %v", work, err)
		}
		m.reached[work] = map[string]bool{}
		for _, name := range works[0].Reached {
			m.reached[work][name] = true
		}
		t.Logf("%s reaches %d", work, len(works[0].Reached))
	}
	return m
}

func (m *mutated) env() []string {
	return append(os.Environ(), "GOFLAGS=-mod=mod -gcflags=github.com/evanw/esbuild/...=-N -ldflags=-w", "GOWORK=off")
}

// command runs a command in the checkout.
func (m *mutated) command(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = m.dir, m.env()
	return cmd.CombinedOutput()
}

// put writes a file of the checkout.
func (m *mutated) put(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// calls generates, builds and runs: nil if the module does not build.
func (m *mutated) calls(ctx context.Context) (calls []mutatedCall) {
	m.t.Helper()
	result, err := generator.Generate(ctx, generator.Config{Dir: m.dir, Patterns: []string{"./cmd/mutated"}, Env: m.env()})
	if err != nil {
		m.t.Fatal(err)
	}
	if !result.Diagnostics.Empty() {
		var b bytes.Buffer
		result.Diagnostics.Write(&b, m.dir)
		m.failure = b.String()
		return nil // it does not type-check
	}
	if _, err := write.Write(result.Files); err != nil {
		m.t.Fatal(err)
	}
	program := filepath.Join(m.dir, "mutated.exe")
	if out, err := m.command(ctx, "go", "build", "-o", program, "./cmd/mutated"); err != nil {
		m.failure = string(out)
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(limited, program)
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &calls)
	}
	if err != nil { // so broken that it does not say its keys
		m.failure = err.Error()
		return nil
	}
	return calls
}

// A mutation is one change of one file.
type mutation struct {
	kind, file   string
	line         int
	decl         string // the top-level declaration that is changed; "" for none
	before, text string
}

func (c mutation) String() string {
	return fmt.Sprintf("%s in %s:%d (%s)", c.kind, c.file, c.line, c.decl)
}

// reaches reports whether the declaration that is changed is one that a work reaches.
func (m *mutated) reaches(work string, c mutation) bool {
	return c.decl != "" && m.reached[work][c.decl]
}

// reason says why the keys of a work have changed.
func (m *mutated) reason(work string, c mutation) string {
	if m.reaches(work, c) {
		return "reached, and not exercised"
	}
	return "not reached"
}

// draw chooses a change.
func (m *mutated) draw(random *rand.Rand) mutation {
	for {
		file := m.files[random.IntN(len(m.files))]
		text, err := os.ReadFile(filepath.Join(m.dir, file))
		if err != nil {
			m.t.Fatal(err)
		}
		fset := gotoken.NewFileSet()
		f, err := parser.ParseFile(fset, file, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		edits := edits(fset, f, text)
		if len(edits) == 0 {
			continue
		}
		e := edits[random.IntN(len(edits))]
		c := mutation{kind: e.kind, file: file, before: string(text), line: bytes.Count(text[:e.at], []byte("\n")) + 1}
		c.decl = m.declaration(file, f, fset, e.at)
		c.text = string(text[:e.at]) + e.new + string(text[e.at+e.length:])
		return c
	}
}

// declaration is the full name of the declaration around an offset.
func (m *mutated) declaration(file string, f *ast.File, fset *gotoken.FileSet, at int) string {
	pkg, _, _ := strings.Cut(esbuild, "@")
	pkg += "/" + filepath.ToSlash(filepath.Dir(file)) + "."
	inside := func(n ast.Node) bool {
		return fset.Position(n.Pos()).Offset <= at && at < fset.Position(n.End()).Offset
	}
	for _, d := range f.Decls {
		if !inside(d) {
			continue
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				return pkg + d.Name.Name
			}
			recv := d.Recv.List[0].Type
			if star, ok := recv.(*ast.StarExpr); ok {
				recv = star.X
			}
			if id, ok := recv.(*ast.Ident); ok {
				return pkg + id.Name + "." + d.Name.Name
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if !inside(spec) {
					continue
				}
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					return pkg + spec.Name.Name
				case *ast.ValueSpec:
					return pkg + spec.Names[0].Name
				}
			}
		}
	}
	return ""
}

// An edit replaces some bytes.
type edit struct {
	kind       string
	at, length int
	new        string
}

// operators are replaced by others of the same types.
var operators = map[gotoken.Token]string{
	gotoken.EQL: "!=", gotoken.NEQ: "==", gotoken.LSS: "<=", gotoken.LEQ: "<", gotoken.GTR: ">=", gotoken.GEQ: ">",
	gotoken.LAND: "||", gotoken.LOR: "&&", gotoken.ADD: "-", gotoken.SUB: "+", gotoken.SHL: ">>", gotoken.OR: "&",
}

// edits lists the changes that can be made to a file. Most compile.
func edits(fset *gotoken.FileSet, f *ast.File, text []byte) (all []edit) {
	offset := func(p gotoken.Pos) int { return fset.Position(p).Offset }
	add := func(kind string, from, to gotoken.Pos, new string) {
		all = append(all, edit{kind, offset(from), offset(to) - offset(from), new})
	}
	for _, d := range f.Decls {
		add("a comment", d.Pos(), d.Pos(), "/* changed */ ")
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec, *ast.Field:
				return false
			case *ast.BasicLit:
				switch {
				case n.Kind == gotoken.INT:
					add("a number", n.Pos(), n.End(), "("+n.Value+"+1)")
				case n.Kind == gotoken.STRING && len(n.Value) > 2:
					if s, err := strconv.Unquote(n.Value); err == nil {
						add("a string", n.Pos(), n.End(), strconv.Quote(s+"~"))
					}
				}
			case *ast.BinaryExpr:
				if to, ok := operators[n.Op]; ok {
					add("an operator", n.OpPos, n.OpPos+gotoken.Pos(len(n.Op.String())), to)
				}
			case *ast.Ident:
				if n.Name == "true" || n.Name == "false" {
					add("a truth value", n.Pos(), n.End(), strconv.FormatBool(n.Name == "false"))
				}
			case *ast.ExprStmt:
				add("a statement removed", n.Pos(), n.End(), "")
			case *ast.AssignStmt:
				if n.Tok == gotoken.ASSIGN {
					for _, right := range n.Rhs {
						add("an assignment without effect", n.Pos(), n.End(), strings.Repeat("_, ", len(n.Lhs)-1)+"_ = "+string(text[offset(n.Rhs[0].Pos()):offset(right.End())]))
					}
				}
			case *ast.IfStmt:
				if n.Init == nil {
					add("a condition turned", n.Cond.Pos(), n.Cond.End(), "!("+string(text[offset(n.Cond.Pos()):offset(n.Cond.End())])+")")
				}
			case *ast.ReturnStmt:
				add("a statement before a return", n.Pos(), n.Pos(), "_ = 0; ")
			}
			return true
		})
	}
	return all
}
