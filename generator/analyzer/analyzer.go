package analyzer

import (
	"go/token"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/analysis"

	"github.com/workgen/workgen/generator/diag"
	"github.com/workgen/workgen/generator/flows"
	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/plan"
	"github.com/workgen/workgen/generator/scan"
)

// Analyzer reports what keeps wrappers of works from being generated, and mistakes in
// flows.
var Analyzer = &analysis.Analyzer{
	Name: "workgen",
	Doc: `report what keeps workgen from generating the wrappers of works, and mistakes in flows

Works are struct types marked //workgen:work. What cannot be keyed, copied or
told apart, mistyped directives and tags, and fields that Run reads without
declaring them are reported as by the command workgen.

Flows are functions that a runtime.Loop or runtime.Once runs. Reported are errors
of works that are dropped, contexts that are not the flow's, what blocks, and
arguments that are new on every pass; and wrong constant cron expressions.`,
	URL: "https://pkg.go.dev/github.com/workgen/workgen/generator/analyzer",
	Run: run,
	// As long as the generated file is missing, what uses it does not compile.
	RunDespiteErrors: true,
}

// run analyses one package: without its tests, and, for works in them, with them.
func run(pass *analysis.Pass) (any, error) {
	var diags diag.List
	for _, test := range []bool{false, true} {
		if p := newPackage(pass, test); len(p.Files) > 0 && p.Test == test {
			analyse(p, &diags)
		}
	}
	if len(pass.Files) == 0 {
		return nil, nil
	}
	flows.Check(newPackage(pass, true), &diags)
	places := newPlaces(pass)
	for _, d := range diags.Sorted("") {
		pass.Report(places.diagnostic(d))
	}
	return nil, nil
}

// analyse adds what is wrong with p.
func analyse(p *load.Package, out *diag.List) {
	var diags diag.List
	scanned := scan.Scan(p, &diags)
	plan.Plan(scanned, &diags)
	for _, d := range diags.Sorted("") {
		if !p.Test || scan.OfTests(d, scanned.Works) {
			out.Add(d)
		}
	}
	wrappers, _ := p.GeneratedNames()
	if !slices.ContainsFunc(p.Generated, func(name string) bool { return filepath.Base(name) == wrappers }) && len(scanned.Works) > 0 && out.Empty() {
		out.Add(diag.Diagnostic{
			Pos:     p.Fset.Position(scanned.Works[0].Pos),
			Work:    scanned.Works[0].Name,
			Message: wrappers + " is missing: the wrapper has not been generated",
			Fix:     "run workgen on the package",
		})
	}
}

// newPackage is the package under analysis as [load.Load] would see it: without
// its generated file, whose presence it notes, and with or without its tests.
func newPackage(pass *analysis.Pass, test bool) *load.Package {
	p := &load.Package{
		Name: pass.Pkg.Name(), PkgPath: pass.Pkg.Path(),
		Fset: pass.Fset, Types: pass.Pkg, Info: pass.TypesInfo, Alone: true,
	}
	var generated []string
	for _, f := range pass.Files {
		name := pass.Fset.Position(f.Package).Filename
		switch {
		case load.IsGeneratedFile(name):
			generated = append(generated, name)
		case load.InTest(name) && !test:
			p.TestFiles = append(p.TestFiles, name)
		default:
			p.Test = p.Test || load.InTest(name)
			p.Files = append(p.Files, f)
			p.GoFiles = append(p.GoFiles, name)
			p.Dir = filepath.Dir(name)
		}
	}
	wrappers, code := p.GeneratedNames()
	for _, name := range generated {
		if base := filepath.Base(name); base == wrappers || base == code {
			p.Generated = append(p.Generated, name)
		}
	}
	for _, name := range pass.IgnoredFiles {
		switch {
		case filepath.Ext(name) != ".go" || load.IsGeneratedFile(name):
		case load.InTest(name):
			p.TestFiles = append(p.TestFiles, name)
		default:
			p.ExcludedFiles = append(p.ExcludedFiles, name)
		}
	}
	for _, e := range pass.TypeErrors {
		p.Errors = append(p.Errors, load.TypeError{Pos: e.Fset.Position(e.Pos), Message: e.Msg})
	}
	if m := pass.Module; m != nil {
		p.Module = &load.Module{Path: m.Path, GoVersion: m.GoVersion}
	}
	return p
}

// places finds positions by file, line and column again, for diagnostics have no
// other.
type places struct {
	files map[string]*token.File
	first token.Pos // for what has no place in the files
}

// newPlaces indexes the files at hand: those of the pass first, then those that
// were only parsed.
func newPlaces(pass *analysis.Pass) places {
	p := places{files: map[string]*token.File{}, first: pass.Files[0].Package}
	for _, f := range pass.Files {
		file := pass.Fset.File(f.Package)
		p.files[file.Name()] = file
	}
	pass.Fset.Iterate(func(file *token.File) bool {
		if p.files[file.Name()] == nil {
			p.files[file.Name()] = file
		}
		return true
	})
	return p
}

// pos returns the place of a position, NoPos when it is in no file at hand.
func (p places) pos(at token.Position) token.Pos {
	file := p.files[at.Filename]
	if file == nil || at.Line < 1 || at.Line > file.LineCount() {
		return token.NoPos
	}
	pos := file.LineStart(at.Line)
	if at.Column > 1 {
		pos += token.Pos(at.Column - 1)
	}
	return min(pos, token.Pos(file.Base()+file.Size()))
}

// diagnostic is d for the analysis framework.
func (p places) diagnostic(d diag.Diagnostic) analysis.Diagnostic {
	out := analysis.Diagnostic{Pos: p.pos(d.Pos), Message: d.Message}
	if d.Work != "" {
		out.Message = "work " + d.Work + ": " + out.Message
	}
	if d.Fix != "" {
		out.Message += "; fix: " + d.Fix
	}
	if !out.Pos.IsValid() {
		out.Pos, out.Message = p.first, d.Pos.String()+": "+out.Message
	}
	for _, s := range d.Path {
		if pos := p.pos(s.Pos); pos.IsValid() {
			out.Related = append(out.Related, analysis.RelatedInformation{Pos: pos, Message: s.Expr + " " + s.Type})
		}
	}
	for _, r := range d.Rewrites {
		if file := p.files[r.File]; file != nil && r.End <= file.Size() {
			out.SuggestedFixes = append(out.SuggestedFixes, analysis.SuggestedFix{
				Message:   r.Title,
				TextEdits: []analysis.TextEdit{{Pos: file.Pos(r.Start), End: file.Pos(r.End), NewText: []byte(r.New)}},
			})
		}
	}
	return out
}
