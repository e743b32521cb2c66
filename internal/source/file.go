package source

import (
	"crypto/sha256"
	"go/scanner"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A File is what one source file holds.
type File struct {
	Package    string // as in the package clause
	Constraint string // the //go:build line; "" without one
	Decls      []Decl // in their order
}

// A Decl is a declaration at package level.
type Decl struct {
	// Name is without the package: Run, Type.Method, init, or _.
	Name string
	// Offset is where the name stands in the file, in bytes; Line is counted from 1.
	Offset, Line int
	// Initialised says that it is a variable with an initialiser.
	Initialised bool
	Sum         [sha256.Size]byte
}

// Parse takes a file apart. Of what is no valid Go it returns what it can make of it.
func Parse(src []byte) *File {
	f := &file{names: map[string]string{}, linknames: map[string]string{}}
	f.scan(src)
	f.find()
	return &f.File
}

// A tok is one token.
type tok struct {
	kind   token.Token
	text   string // as it is written; of an automatic semicolon, as of any other
	offset int
}

// A file is one that is being taken apart.
type file struct {
	File
	src  *token.File
	toks []tok
	buf  []byte // of the sums

	embeds    []tok             // go:embed directives that no variable has taken yet
	linknames map[string]string // go:linkname directives by local names
	names     map[string]string // import paths by local names
	strange   []string          // imports that any name may come from
}

// scan finds the tokens and the directives.
func (f *file) scan(src []byte) {
	fset := token.NewFileSet()
	f.src = fset.AddFile("", -1, len(src))
	f.toks = make([]tok, 0, len(src)/4)
	var s scanner.Scanner
	s.Init(f.src, src, func(token.Position, string) {}, scanner.ScanComments)
	for {
		pos, kind, text := s.Scan()
		offset := f.src.Offset(pos)
		switch {
		case kind == token.EOF:
			return
		case kind == token.COMMENT:
			f.directive(tok{kind, text, offset})
			continue
		case kind.IsOperator():
			text = kind.String()
		}
		f.toks = append(f.toks, tok{kind, text, offset})
	}
}

// directive notes a comment that means something to the compiler.
func (f *file) directive(t tok) {
	words := strings.Fields(t.text)
	switch {
	case strings.HasPrefix(t.text, "//go:build ") && len(f.toks) == 0:
		f.Constraint = strings.Join(words, " ")
	case strings.HasPrefix(t.text, "//go:embed"):
		f.embeds = append(f.embeds, t)
	case strings.HasPrefix(t.text, "//go:linkname ") && len(words) > 1:
		f.linknames[words[1]] += strings.Join(words, " ")
	}
}

// find splits the file into declarations.
func (f *file) find() {
	rest := f.toks
	for len(rest) > 0 {
		end := until(rest, token.SEMICOLON)
		d := rest[:end]
		rest = rest[min(end+1, len(rest)):]
		if len(d) < 2 {
			continue
		}
		switch d[0].kind {
		case token.PACKAGE:
			f.Package = d[1].text
		case token.IMPORT:
			f.specs(d, f.imports)
			if len(rest) == 0 || rest[0].kind != token.IMPORT {
				f.guess()
			}
		case token.FUNC:
			f.function(d)
		case token.TYPE:
			f.specs(d, f.typ)
		case token.VAR:
			f.specs(d, f.variables)
		case token.CONST:
			f.specs(d, (&group{file: f}).constants)
		}
	}
}

// until returns the index of the first token of a kind that is in no brackets, or of the
// end.
func until(toks []tok, kind token.Token) int {
	depth := 0
	for i, t := range toks {
		if depth == 0 && t.kind == kind {
			return i
		}
		switch t.kind {
		case token.LPAREN, token.LBRACK, token.LBRACE:
			depth++
		case token.RPAREN, token.RBRACK, token.RBRACE:
			depth--
		}
	}
	return len(toks)
}

// split cuts tokens at those of a kind that are in no brackets.
func split(toks []tok, kind token.Token) (parts [][]tok) {
	for len(toks) > 0 {
		end := until(toks, kind)
		if end > 0 {
			parts = append(parts, toks[:end])
		}
		toks = toks[min(end+1, len(toks)):]
	}
	return parts
}

// specs calls do for each specification of a declaration, in parentheses or not.
func (f *file) specs(d []tok, do func(spec []tok)) {
	body := d[1:]
	if body[0].kind == token.LPAREN {
		body = body[1:max(1, len(body)-1)]
	}
	for _, spec := range split(body, token.SEMICOLON) {
		do(spec)
	}
}

// imports notes one import.
func (f *file) imports(spec []tok) {
	target, err := strconv.Unquote(spec[len(spec)-1].text)
	if err != nil {
		return
	}
	switch {
	case spec[0].kind == token.PERIOD:
		f.strange = append(f.strange, target)
	case len(spec) == 1:
		f.names[guessed(target)] = target
	case spec[0].text != "_":
		f.names[spec[0].text] = target
	}
}

// guessed is the name that the package with an import path most likely has.
func guessed(target string) string {
	name := path.Base(target)
	if version, ok := strings.CutPrefix(name, "v"); ok && strings.Trim(version, "0123456789") == "" && name != target {
		name = path.Base(path.Dir(target))
	}
	name, _, _ = strings.Cut(name, ".")
	return name[strings.LastIndexByte(name, '-')+1:]
}

// guess finds imports whose names are not what they seem: those that nothing in the
// file is selected from.
func (f *file) guess() {
	used := map[string]bool{}
	for i := range f.toks {
		if f.isPackage(f.toks, i) {
			used[f.toks[i].text] = true
		}
	}
	for name, target := range f.names {
		if !used[name] {
			f.strange = append(f.strange, target)
			delete(f.names, name)
		}
	}
	slices.Sort(f.strange)
}

// isPackage reports whether a token is, most likely, the name of a package.
func (f *file) isPackage(toks []tok, i int) bool {
	return toks[i].kind == token.IDENT && f.names[toks[i].text] != "" && i+1 < len(toks) && toks[i+1].kind == token.PERIOD &&
		(i == 0 || toks[i-1].kind != token.PERIOD)
}

// function adds a function or method.
func (f *file) function(d []tok) {
	at, receiver := 1, ""
	if d[1].kind == token.LPAREN {
		end := until(d[2:], token.RPAREN)
		typ := d[2 : 2+end]
		for _, t := range typ[:until(typ, token.LBRACK)] {
			if t.kind == token.IDENT {
				receiver = t.text + "."
			}
		}
		at = 2 + end + 1
	}
	if at < len(d) && d[at].kind == token.IDENT {
		f.add(receiver, d[at], d)
	}
}

// typ adds a type.
func (f *file) typ(spec []tok) { f.add("", spec[0], []tok{{kind: token.TYPE, text: "type"}}, spec) }

// variables adds those of one specification.
func (f *file) variables(spec []tok) {
	names, typ, exprs := parts(spec)
	var embeds []tok
	for len(f.embeds) > 0 && f.embeds[0].offset < spec[0].offset {
		embeds = append(embeds, f.embeds[0])
		f.embeds = f.embeds[1:]
	}
	for i, name := range names {
		f.value(token.VAR, name, i, typ, exprs, embeds)
		f.Decls[len(f.Decls)-1].Initialised = len(exprs) > 0
	}
}

// A group is one of constants, which may repeat what stands above.
type group struct {
	*file
	iota  int
	typ   []tok
	exprs [][]tok
}

// constants adds those of one specification.
func (g *group) constants(spec []tok) {
	names, typ, exprs := parts(spec)
	if typ != nil || exprs != nil {
		g.typ, g.exprs = typ, exprs
	}
	for i, name := range names {
		var iota []tok
		if i < len(g.exprs) && slices.ContainsFunc(g.exprs[i], func(t tok) bool { return t.text == "iota" }) {
			iota = []tok{{kind: token.INT, text: strconv.Itoa(g.iota)}}
		}
		g.value(token.CONST, name, i, g.typ, g.exprs, iota)
	}
	g.iota++
}

// parts splits the specification of variables or constants.
func parts(spec []tok) (names, typ []tok, exprs [][]tok) {
	left := spec[:until(spec, token.ASSIGN)]
	for i := 0; i < len(left); i += 2 {
		names = append(names, left[i])
		if i+1 < len(left) && left[i+1].kind != token.COMMA {
			typ = left[i+1:]
			break
		}
	}
	return names, typ, split(spec[min(len(left)+1, len(spec)):], token.COMMA)
}

// value adds the i-th name of a specification.
func (f *file) value(kind token.Token, name tok, i int, typ []tok, exprs [][]tok, more []tok) {
	expr, index := []tok(nil), ""
	switch {
	case i < len(exprs) && len(exprs) > 1:
		expr = exprs[i]
	case len(exprs) == 1:
		expr, index = exprs[0], strconv.Itoa(i) // of the results of a call
	}
	f.add("", name, []tok{{kind: kind, text: kind.String()}, name, {kind: token.INT, text: index}}, typ, []tok{{kind: token.ASSIGN, text: "="}}, expr, more)
}

// add adds a declaration of some tokens.
func (f *file) add(receiver string, name tok, toks ...[]tok) {
	h := sum{buf: f.buf[:0]}
	h.text(f.Constraint)
	h.text(strings.Join(f.strange, " "))
	h.text(f.linknames[name.text])
	for _, list := range toks {
		for i, t := range list {
			switch {
			case f.isPackage(list, i):
				h.tok(tok{kind: t.kind, text: strconv.Quote(f.names[t.text])})
			default:
				h.tok(t)
			}
		}
		h.text("")
	}
	f.buf = h.buf
	f.Decls = append(f.Decls, Decl{
		Name: receiver + name.text, Offset: name.offset, Line: f.src.Line(f.src.Pos(name.offset)), Sum: sha256.Sum256(h.buf),
	})
}
