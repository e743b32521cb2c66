package scan

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"unicode"

	"github.com/workgen/workgen/generator/diag"
)

// A directive is one comment addressed to workgen.
type directive struct {
	pos   token.Pos // of its "//"
	name  string    // "work"
	args  string    // what follows the name, untrimmed
	argAt token.Pos // of args
}

// directives are the names that may follow "//workgen:".
var directives = []string{"work", "allow", "encode", "oneof", "ignore"}

// A Go directive has no space after the slashes and none after the colon.
const prefix = "//workgen:"

// spaced matches a comment that would be a directive but for space where none
// may be, a missing colon, capital letters, or for being a /* */ comment.
var spaced = regexp.MustCompile(`^(?://[ \t]*|/\*\s*)(?i:workgen)(?:\s*:\s*|[ \t]+)([a-zA-Z]+)(.*?)(?:\*/)?$`)

// directive reads c as a directive. Comments that are not for workgen are nil;
// so are those that were meant to be, and were reported.
func (s *scanner) directive(c *ast.Comment) *directive {
	rest, ok := strings.CutPrefix(c.Text, prefix)
	if !ok {
		if m := spaced.FindStringSubmatch(c.Text); m != nil && s.meant(c.Pos(), m[1], m[2]) {
			text := prefix + nearest(m[1], directives) + strings.TrimRight(m[2], " \t")
			s.reportRewrites(s.out.rewrite("write "+text, c.Pos(), c.End(), text),
				c.Pos(), "", "this comment is no directive: its form makes it text", "write "+text+" at the start of the comment")
		}
		return nil
	}
	name, args := rest, ""
	if i := strings.IndexFunc(rest, unicode.IsSpace); i >= 0 {
		name, args = rest[:i], rest[i:]
	}
	for _, known := range directives {
		if name == known {
			return &directive{pos: c.Pos(), name: name, args: args, argAt: c.Pos() + token.Pos(len(prefix)+len(name))}
		}
	}
	var rewrites []diag.Rewrite
	if near := nearest(name, directives); near != "" && near != name {
		from := c.Pos() + token.Pos(len(prefix))
		rewrites = s.out.rewrite("write "+prefix+near, from, from+token.Pos(len(name)), near)
	}
	s.reportRewrites(rewrites, c.Pos(), "", "unknown directive "+prefix+name, "write "+suggestDirective(leadingWord(name)))
	return nil
}

// suggestDirective returns the directive that was probably meant, or all.
func suggestDirective(name string) string {
	if n := nearest(name, directives); n != "" {
		return prefix + n
	}
	return "one of " + prefix + strings.Join(directives, ", "+prefix)
}

// meant reports whether a comment of the form "// workgen:name rest" was meant
// as a directive. Prose may well begin like that ("workgen:work marks a type"),
// so the whole line has to look like one.
func (s *scanner) meant(pos token.Pos, name, rest string) bool {
	switch nearest(name, directives) {
	case "":
		return false
	case "encode":
		list := strings.Fields(rest)
		return len(list) > 1 && len(list) < 4 && nearest(list[1], Modes) != ""
	case "oneof":
		return s.meantOneOf(pos, rest)
	case "ignore":
		list := strings.Fields(rest)
		return len(list) > 1 && strings.Count(list[0], ".") > 0 && !strings.HasSuffix(list[0], ".")
	case "allow":
		list := strings.Fields(rest)
		return len(list) > 1 && lookupKind(list[0]) != ""
	}
	for _, word := range strings.Fields(rest) {
		option, _, hasValue := strings.Cut(word, "=")
		if !hasValue && nearest(option, optionNames()) != option {
			return false
		}
	}
	return true
}

// leadingWord returns the letters s begins with: of "work,cache=false", work.
func leadingWord(s string) string {
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }); i >= 0 {
		return s[:i]
	}
	return s
}

// An owner is what a comment group documents.
type owner struct {
	spec  *ast.TypeSpec // set for the doc comment of a type
	decl  string        // otherwise what it is, as in "function f"
	inner bool          // declared inside a function
}

// owners finds what the comment groups of a file belong to. A group that is
// not in the result is attached to nothing.
func owners(f *ast.File) map[*ast.CommentGroup]owner {
	out := map[*ast.CommentGroup]owner{}
	put := func(g *ast.CommentGroup, o owner) {
		if g != nil {
			out[g] = o
		}
	}
	put(f.Doc, owner{decl: "the package clause"})
	depth := 0 // of functions
	var stack []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil {
			if isFunc(stack[len(stack)-1]) {
				depth--
			}
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		if isFunc(n) {
			depth++
		}
		switch n := n.(type) {
		case *ast.FuncDecl:
			put(n.Doc, owner{decl: "function " + n.Name.Name})
		case *ast.GenDecl:
			genDeclOwners(n, depth > 0, put)
		case *ast.Field:
			put(n.Doc, owner{decl: "a field or method"})
			put(n.Comment, owner{decl: "a field or method"})
		}
		return true
	})
	return out
}

func isFunc(n ast.Node) bool {
	switch n.(type) {
	case *ast.FuncDecl, *ast.FuncLit:
		return true
	}
	return false
}

// genDeclOwners puts the comments of one type, var, const or import declaration.
func genDeclOwners(n *ast.GenDecl, inner bool, put func(*ast.CommentGroup, owner)) {
	put(n.Doc, owner{decl: "a group of declarations", inner: inner})
	for _, spec := range n.Specs {
		o := owner{decl: "a " + n.Tok.String() + " declaration", inner: inner}
		doc, comment := (*ast.CommentGroup)(nil), (*ast.CommentGroup)(nil)
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			put(spec.Comment, owner{decl: "the end of a line", inner: inner})
			o, doc = owner{spec: spec, inner: inner}, spec.Doc
		case *ast.ValueSpec:
			doc, comment = spec.Doc, spec.Comment
		case *ast.ImportSpec:
			o.decl, doc, comment = "an import", spec.Doc, spec.Comment
		}
		put(doc, o)
		put(comment, o)
		// Without parentheses the parser gives the comment to the declaration.
		if !n.Lparen.IsValid() {
			put(n.Doc, o)
		}
	}
}
