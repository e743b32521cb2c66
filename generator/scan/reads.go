package scan

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/workgen/workgen/generator/diag"
)

// reads notes the untagged fields of w that Run reads, itself or in methods
// it calls on its receiver. A field that decides about the result without being
// part of the key would make a hit of what should be a miss.
//
// What counts as a read errs on the side of too much: everything but a plain
// assignment to the field, f.n++ and f.n += v. Calling a method on the field,
// taking its address, or assigning to a part of it are reads. The receiver
// itself, passed on or copied, reads all fields.
func (s *scanner) reads(w *Work) {
	r := &reader{
		scanner: s, work: w,
		untagged: map[string]Field{}, seen: map[types.Object]bool{}, reported: map[string]bool{},
	}
	for _, f := range w.Fields {
		if f.Mode == State && f.Name != "_" {
			r.untagged[f.Name] = f
			r.names = append(r.names, f.Name)
		}
	}
	if len(r.untagged) > 0 {
		r.method(w.Run)
	}
}

// A reader looks for reads in Run and in what Run calls.
type reader struct {
	*scanner
	work     *Work
	untagged map[string]Field
	names    []string              // of untagged, in the order of the struct
	seen     map[types.Object]bool // methods looked at
	reported map[string]bool       // fields, and "" for the receiver as a whole
	current  *types.Func
	recv     types.Object // the receiver in current
}

// method looks at one method of the work type.
func (r *reader) method(fn *types.Func) {
	decl := r.methods[fn]
	if decl == nil || r.seen[fn] {
		return
	}
	r.seen[fn] = true
	if decl.Body == nil { // written in assembly
		r.whole(decl.Name.Pos(), "has no body in Go, so it may read every untagged field")
		return
	}
	if decl.Recv == nil || len(decl.Recv.List) != 1 || len(decl.Recv.List[0].Names) != 1 {
		return // an unnamed receiver is not read
	}
	recv := r.Info.Defs[decl.Recv.List[0].Names[0]]
	if recv == nil {
		return
	}
	// Callees are looked at after the whole body, so that the state of this
	// method is not lost on the way.
	r.current, r.recv = fn, recv
	for _, callee := range r.body(decl.Body) {
		r.method(callee)
	}
}

// body looks at every use of the receiver and returns the methods called on it.
func (r *reader) body(body *ast.BlockStmt) (callees []*types.Func) {
	var stack []ast.Node // ancestors of the current node, itself included
	ast.Inspect(body, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		if id, ok := n.(*ast.Ident); ok && r.Info.Uses[id] == r.recv {
			if callee := r.use(stack); callee != nil {
				callees = append(callees, callee)
			}
		}
		return true
	})
	return callees
}

// use classifies one use of the receiver, the last of stack. It returns the
// method when the use is the receiver of a method of the work type.
func (r *reader) use(stack []ast.Node) *types.Func {
	i := outer(stack, len(stack)-1, true)
	sel, ok := stack[i-1].(*ast.SelectorExpr)
	if !ok {
		r.value(stack, i)
		return nil
	}
	// The type checker knows the selection also where the code around it does
	// not type-check; without one there is no such field.
	selection := r.Info.Selections[sel]
	if selection == nil {
		return nil
	}
	index := selection.Index()
	if fn, ok := selection.Obj().(*types.Func); ok && len(index) == 1 {
		return fn
	}
	// Promoted through an embedded field: that field is what is read.
	if len(index) > 1 {
		r.field(r.work.Struct.Field(index[0]).Name(), sel.Sel.Pos())
		return nil
	}
	if j := outer(stack, i-1, false); !written(stack[j-1], stack[j]) {
		r.field(sel.Sel.Name, sel.Sel.Pos())
	}
	return nil
}

// outer returns the index of the outermost expression around stack[i] that
// means the same: parentheses, and for a receiver dereferencing and taking the
// address.
func outer(stack []ast.Node, i int, receiver bool) int {
	for ; i > 0; i-- {
		switch n := stack[i-1].(type) {
		case *ast.ParenExpr:
			continue
		case *ast.StarExpr:
			if receiver {
				continue
			}
		case *ast.UnaryExpr:
			if receiver && n.Op == token.AND {
				continue
			}
		}
		break
	}
	return i
}

// written reports whether parent only writes the expression: =, +=, ++, or a
// range clause that assigns to it.
func written(parent, expr ast.Node) bool {
	switch parent := parent.(type) {
	case *ast.AssignStmt:
		for _, lhs := range parent.Lhs {
			if lhs == expr {
				return true
			}
		}
	case *ast.IncDecStmt:
		return true
	case *ast.RangeStmt:
		return parent.Key == expr || parent.Value == expr
	}
	return false
}

// value looks at a use of the receiver other than f.x; stack[i] is the
// expression it makes up.
func (r *reader) value(stack []ast.Node, i int) {
	expr := stack[i]
	if written(stack[i-1], expr) { // *f = T{...}
		return
	}
	if b, ok := stack[i-1].(*ast.BinaryExpr); ok && (r.isNil(b.X) || r.isNil(b.Y)) {
		return // f == nil reads no field
	}
	r.whole(expr.Pos(), "uses its receiver as a value, which may read every untagged field")
}

func (r *reader) isNil(e ast.Expr) bool {
	return r.Info.Types[ast.Unparen(e)].IsNil()
}

// field notes that a field is read, once per field: one tag mends all reads.
func (r *reader) field(name string, pos token.Pos) {
	f, ok := r.untagged[name]
	if !ok || r.reported[name] {
		return
	}
	r.reported[name] = true
	r.work.Untagged = append(r.work.Untagged, Untagged{
		Pos: pos, Message: r.subject() + " reads field " + name + ", which has no workgen tag", Fields: []Field{f},
	})
}

// whole notes that all fields may be read.
func (r *reader) whole(pos token.Pos, why string) {
	if r.reported[""] {
		return
	}
	r.reported[""] = true
	u := Untagged{Pos: pos, Message: r.subject() + " " + why}
	for _, name := range r.names {
		u.Fields = append(u.Fields, r.untagged[name])
	}
	r.work.Untagged = append(r.work.Untagged, u)
}

// subject names the method that reads.
func (r *reader) subject() string {
	if r.current == nil || r.current == r.work.Run {
		return "Run"
	}
	return "method " + r.current.Name() + ", which Run calls,"
}

// An Untagged is a place where Run reads fields that have no tag. It is a problem,
// which Scan does not report: what to do depends on whether they can be keyed.
type Untagged struct {
	Pos     token.Pos
	Message string
	Fields  []Field // never empty
}

// Diagnostic describes the problem. keyed names the fields that can be keyed, and
// rest, when not empty, is what to do about the others.
func (p *Package) Diagnostic(w *Work, u Untagged, keyed []string, rest string) diag.Diagnostic {
	d := diag.Diagnostic{Pos: p.Fset.Position(u.Pos), Work: w.Name, Message: u.Message, Fix: rest}
	for _, f := range u.Fields {
		// As written: the type may be invalid, or foreign to the reader.
		d.Path = append(d.Path, diag.Step{Expr: f.Name, Type: types.ExprString(f.TypeExpr), Pos: p.Fset.Position(f.Pos)})
	}
	if len(keyed) == 0 {
		return d
	}
	names := strings.Join(keyed, ", ")
	if len(keyed) > 1 {
		names = "each of " + names
	}
	d.Fix = "tag " + names + " `workgen:\"key\"` if it is an input, `workgen:\"-\"` if it is not"
	if rest != "" {
		d.Fix += "; " + rest
	}
	if len(u.Fields) == 1 {
		d.Rewrites = p.TagRewrites(u.Fields[0].Pos, "key", "-")
	}
	return d
}
