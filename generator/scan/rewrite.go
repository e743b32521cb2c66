package scan

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"github.com/workgen/workgen/generator/diag"
)

// rewrite replaces what is between two positions of one file. The result is
// empty when the file is not one that a person wrote for this build.
func (p *Package) rewrite(title string, from, to token.Pos, text string) []diag.Rewrite {
	start, end := p.Fset.PositionFor(from, false), p.Fset.PositionFor(to, false)
	if !slices.Contains(p.GoFiles, start.Filename) {
		return nil
	}
	return []diag.Rewrite{{Title: title, File: start.Filename, Start: start.Offset, End: end.Offset, New: text}}
}

// TagRewrites gives the struct field declared at pos, if it stands in p, one of
// several values of the tag workgen. A field that shares its declaration with
// others, or whose tag is not a raw string, is left to people.
func (p *Package) TagRewrites(pos token.Pos, values ...string) []diag.Rewrite {
	field := p.fieldAt(pos)
	if field == nil || len(field.Names) > 1 {
		return nil
	}
	var out []diag.Rewrite
	for _, value := range values {
		tag := "workgen:" + strconv.Quote(value)
		from, to, text := field.Type.End(), field.Type.End(), " `"+tag+"`"
		if field.Tag != nil {
			inside, isRaw := strings.CutPrefix(field.Tag.Value, "`")
			if !isRaw || strings.Contains(inside, "workgen") {
				return nil
			}
			from, to, text = field.Tag.End()-1, field.Tag.End()-1, " "+tag
		}
		out = append(out, p.rewrite("tag it `"+tag+"`", from, to, text)...)
	}
	return out
}

// fieldAt returns the declaration of the field whose name is at pos, nil when it
// does not stand in p.
func (p *Package) fieldAt(pos token.Pos) *ast.Field {
	var found *ast.Field
	for _, f := range p.Files {
		if pos < f.FileStart || pos > f.FileEnd {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			switch {
			case !ok:
			case len(field.Names) == 0 && embeddedPos(field.Type) == pos:
				found = field
			case slices.ContainsFunc(field.Names, func(id *ast.Ident) bool { return id.Pos() == pos }):
				found = field
			}
			return found == nil
		})
	}
	return found
}

// retagged corrects the value of the tag workgen in a tag if it was meant to be
// "key". That something was meant to be left out is for people to say.
func (p *Package) retagged(tag *ast.BasicLit) []diag.Rewrite {
	at := strings.Index(tag.Value, `workgen:"`)
	if at < 0 || !strings.HasPrefix(tag.Value, "`") {
		return nil
	}
	quoted, err := strconv.QuotedPrefix(tag.Value[at+len("workgen:"):])
	if err != nil || nearest(strings.Trim(quoted, `"`), []string{"key"}) == "" {
		return nil
	}
	from := tag.Pos() + token.Pos(at)
	const text = `workgen:"key"`
	return p.rewrite("tag it `"+text+"`", from, from+token.Pos(len("workgen:")+len(quoted)), text)
}
