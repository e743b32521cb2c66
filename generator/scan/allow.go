package scan

import (
	"go/ast"
	"go/token"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// A Kind is what a result may depend on besides the arguments, as it stands in
// //workgen:allow; or Flow.
type Kind string

// The kinds.
const (
	Clock   Kind = "clock"   // the time
	Zone    Kind = "zone"    // the local time zone
	Random  Kind = "random"  // random numbers
	Env     Kind = "env"     // environment variables, flags, the host, the user, the process
	Build   Kind = "build"   // how and from what the program was built
	Context Kind = "context" // what the context holds
	Global  Kind = "global"  // package variables that are written to
	Network Kind = "network" // what others answer
	File    Kind = "file"    // what files hold
	Exec    Kind = "exec"    // what other programs print
	Func    Kind = "func"    // functions in fields
	Runner  Kind = "runner"  // the works whose runners a field holds
	Flow    Kind = "flow"    // what is reported of flows: see package flows
)

// kinds are all of them, in the order they are listed to the user.
var kinds = []string{
	string(Clock), string(Zone), string(Random), string(Env), string(Build), string(Context), string(Global),
	string(Network), string(File), string(Exec), string(Func), string(Runner), string(Flow),
}

// allow checks a directive //workgen:allow KIND WHY.
func (s *scanner) allow(d *directive) {
	const example = prefix + "allow clock only logged"
	trimmed := strings.TrimLeftFunc(d.args, unicode.IsSpace)
	pos := d.argAt + token.Pos(len(d.args)-len(trimmed))
	kind, why, _ := strings.Cut(trimmed, " ")
	switch {
	case kind == "":
		s.report(d.pos, "", prefix+"allow does not say what is allowed", "write it like "+example)
	case lookupKind(kind) == "":
		s.report(pos, "", "nothing called "+strconv.Quote(kind)+" can be allowed", "write "+suggest(kind, kinds))
	case strings.TrimSpace(why) == "":
		s.report(d.pos, "", prefix+"allow "+kind+" does not say why", "write the reason behind it, like "+example)
	}
}

// lookupKind returns the kind of that name, "" when there is none.
func lookupKind(name string) Kind {
	for _, k := range kinds {
		if k == name {
			return Kind(k)
		}
	}
	return ""
}

// An Allow is one //workgen:allow KIND WHY without fault. It silences what is said of
// its kind on its line, on the next, in the function whose doc comment it is in, or, above
// the package clause of a file, in the whole package.
type Allow struct {
	Pos  token.Pos
	Kind Kind
	Why  string
	// Used is for those who silence: that it was needed.
	Used bool

	file     string // "" of one for the package
	from, to int    // lines
}

// An Allows has the directives of a package, in the order of the files.
type Allows []*Allow

// FindAllows finds the directives in the files of a package.
func FindAllows(fset *token.FileSet, files []*ast.File) (out Allows) {
	for _, f := range files {
		docs := map[*ast.CommentGroup]*ast.FuncDecl{}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Doc != nil {
				docs[fn.Doc] = fn
			}
		}
		for _, group := range f.Comments {
			for _, c := range group.List {
				a := parseAllow(c.Text)
				if a == nil {
					continue
				}
				pos := fset.Position(c.Pos())
				a.Pos, a.file, a.from, a.to = c.Pos(), pos.Filename, pos.Line, fset.Position(group.End()).Line+1
				if c.Pos() < f.Package {
					a.file, a.from, a.to = "", 0, math.MaxInt
				} else if fn := docs[group]; fn != nil {
					a.to = fset.Position(fn.End()).Line
				} else if codeOn(fset, f)[a.from] { // behind it
					a.to = a.from
				}
				out = append(out, a)
			}
		}
	}
	return out
}

// Silence returns what silences a kind at a place, marked as used; nil when nothing does.
func (l Allows) Silence(kind Kind, at token.Position) (by *Allow) {
	for _, a := range l {
		if a.Kind == kind && (a.file == "" || a.file == at.Filename) && a.from <= at.Line && at.Line <= a.to {
			a.Used, by = true, a
		}
	}
	return by
}

// parseAllow reads the text of a comment as //workgen:allow KIND WHY; nil when it is none
// without fault.
func parseAllow(text string) *Allow {
	rest, ok := strings.CutPrefix(text, prefix+"allow ")
	if !ok {
		return nil
	}
	name, why, _ := strings.Cut(strings.TrimLeftFunc(rest, unicode.IsSpace), " ")
	a := &Allow{Kind: lookupKind(name), Why: strings.TrimSpace(why)}
	if a.Kind == "" || a.Why == "" {
		return nil
	}
	return a
}

// codeOn returns the lines of a file on which code begins or ends.
func codeOn(fset *token.FileSet, f *ast.File) map[int]bool {
	lines := map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.Comment, *ast.CommentGroup:
			return false
		}
		lines[fset.Position(n.Pos()).Line] = true
		lines[fset.Position(n.End()-1).Line] = true
		return true
	})
	delete(lines, 0)
	return lines
}
