package scan

import (
	"errors"
	"go/ast"
	"go/token"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// TagMode reads the workgen tag out of the tag of a struct field. A field
// without one is State. The error says what is wrong with a tag; Scan has
// reported it already for every struct of the package.
func TagMode(tag string) (Mode, error) {
	value, ok := reflect.StructTag(tag).Lookup("workgen")
	switch {
	case !ok && strings.Contains(malformed(tag), "workgen"):
		return State, errors.New("malformed struct tag " + strconv.Quote(tag))
	case !ok:
		return State, nil
	case value == "key" || value == secretTag:
		return Keyed, nil
	case value == "-":
		return Ignored, nil
	}
	return State, errors.New("unknown tag workgen:" + strconv.Quote(value))
}

// secretTag is the tag of an input that is secret, alone or as a part of an argument.
const secretTag = "secret"

// IsSecret reports whether the tag of a struct field says that it is secret.
func IsSecret(tag string) bool { return reflect.StructTag(tag).Get("workgen") == secretTag }

// pair is one key:"value" of a struct tag. Keys have no commas: a comma in front
// of one is a slip that [reflect] takes for a part of it.
var pair = regexp.MustCompile(`^ *[^\x00-\x20\x7f:",]+:"(?:[^"\\]|\\.)*"`)

// malformed returns what follows the pairs a tag begins with: [reflect] ignores
// it, and with it a tag that only lacks a quote.
func malformed(tag string) string {
	for loc := pair.FindStringIndex(tag); loc != nil; loc = pair.FindStringIndex(tag) {
		tag = tag[loc[1]:]
	}
	return tag
}

// tags reports the faulty tags of every struct in a file. Not only works have
// tags: a field of an argument may be left out of the key.
func (s *scanner) tags(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || field.Tag == nil {
			return true
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			return true
		}
		if _, err := TagMode(tag); err != nil {
			fix := "write `workgen:\"key\"` for an input, `workgen:\"-\"` for a field that is no input"
			if _, ok := reflect.StructTag(tag).Lookup("workgen"); !ok {
				fix += ", with quotes as here and a space between it and other tags"
			}
			s.reportRewrites(s.out.retagged(field.Tag), field.Tag.Pos(), "", err.Error(), fix)
		}
		return true
	})
}

// fields describes the fields of the work struct.
func (s *scanner) fields(w *Work) []Field {
	// By position, for the type checker leaves out fields declared twice.
	written := map[token.Pos]ast.Expr{}
	for _, field := range w.StructType.Fields.List {
		written[embeddedPos(field.Type)] = field.Type
		for _, id := range field.Names {
			written[id.Pos()] = field.Type
		}
	}
	var out []Field
	for i := range w.Struct.NumFields() {
		v := w.Struct.Field(i)
		mode, _ := TagMode(w.Struct.Tag(i)) // reported by tags
		out = append(out, Field{
			Name: v.Name(), Type: v.Type(), Pos: v.Pos(), Mode: mode, Secret: IsSecret(w.Struct.Tag(i)), Var: v, TypeExpr: written[v.Pos()],
		})
	}
	return out
}

// embeddedPos returns where the name of an embedded field stands: the T in T,
// *T, p.T and T[int].
func embeddedPos(e ast.Expr) token.Pos {
	switch e := e.(type) {
	case *ast.StarExpr:
		return embeddedPos(e.X)
	case *ast.ParenExpr:
		return embeddedPos(e.X)
	case *ast.IndexExpr:
		return embeddedPos(e.X)
	case *ast.IndexListExpr:
		return embeddedPos(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Pos()
	}
	return e.Pos()
}
