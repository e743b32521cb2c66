package reach

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/workgen/workgen/generator/ambient"
)

// A usage is what is done with a variable.
type usage uint8

const (
	reads  usage = iota // all that is taken from it is a value of its own
	shares              // what it points to is handed on, and may be written to
	writes              // it, or what it points to, is assigned
)

// use says what is done with the variable that is looked at.
func (x *mentioner) use(v *types.Var) usage {
	e := ast.Expr(x.parent(0).(*ast.Ident))
	for i := 1; ; i++ {
		switch p := x.parent(i).(type) {
		case *ast.ParenExpr, *ast.StarExpr, *ast.SliceExpr, *ast.TypeAssertExpr:
			if p, ok := p.(*ast.SliceExpr); ok && p.X != e {
				return reads
			}
			e = p.(ast.Expr)
		case *ast.SelectorExpr:
			if fn, ok := x.info.Uses[p.Sel].(*types.Func); ok && p.Sel != e {
				return methodUse(x.info.TypeOf(e), fn)
			}
			e = p
		case *ast.IndexExpr:
			if p.X != e {
				return x.value(e)
			}
			e = p
		case *ast.AssignStmt:
			for _, l := range p.Lhs {
				if l == e {
					return writes
				}
			}
			return x.value(e)
		case *ast.IncDecStmt:
			return writes
		case *ast.UnaryExpr:
			if p.Op == token.AND || p.Op == token.ARROW {
				return shares
			}
			return reads
		case *ast.BinaryExpr:
			return reads
		case *ast.RangeStmt:
			return x.ranged(p, e)
		case *ast.CallExpr:
			if tv := x.info.Types[p.Fun]; tv.IsType() {
				e = p
				continue
			}
			if b, ok := x.info.Uses[ident(p.Fun)].(*types.Builtin); ok && (b.Name() == "len" || b.Name() == "cap") {
				return reads
			}
			if p.Fun == e {
				return shares
			}
			return x.value(e)
		default:
			return x.value(e)
		}
	}
}

// value is use for an expression whose value goes anywhere.
func (x *mentioner) value(e ast.Expr) usage {
	if plain(x.info.TypeOf(e)) {
		return reads
	}
	return shares
}

// methodUse is use for a method that is called, or taken, of a value of that type.
func methodUse(t types.Type, fn *types.Func) usage {
	if t == nil || fn.Signature().Recv() == nil || ambient.Changes(fn) || fn.Name() == "Longest" { // of a regexp.Regexp
		return shares
	}
	_, pointer := fn.Signature().Recv().Type().(*types.Pointer)
	if p, ok := t.Underlying().(*types.Pointer); ok && !pointer {
		t = p.Elem()
	}
	if plain(t) && (!pointer || immutable(t)) {
		return reads
	}
	return shares
}

// ranged is use for a loop.
func (x *mentioner) ranged(loop *ast.RangeStmt, e ast.Expr) usage {
	if loop.X != e {
		return writes
	}
	switch t := x.info.TypeOf(e).Underlying().(type) {
	case *types.Map:
		if plain(t.Key()) && plain(t.Elem()) {
			return reads
		}
	case *types.Slice:
		if plain(t.Elem()) {
			return reads
		}
	}
	return x.value(e)
}

// plain reports whether nobody who has a value of a type can write to what another one
// has.
func plain(t types.Type) bool {
	if t == nil {
		return false
	}
	if immutable(t) {
		return true
	}
	switch t := t.Underlying().(type) {
	case *types.Basic:
		return t.Kind() != types.UnsafePointer && t.Kind() != types.Invalid
	case *types.Array:
		return plain(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if !plain(f.Type()) {
				return false
			}
		}
		return true
	case *types.Tuple: // of v, ok := m[k]
		for v := range t.Variables() {
			if !plain(v.Type()) {
				return false
			}
		}
		return true
	}
	return false
}

// immutable reports whether nobody writes to values of a type once they are made.
func immutable(t types.Type) bool {
	if isError(t) {
		return true
	}
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
		return is(t, "regexp", "Regexp") || is(t, "time", "Location") || is(t, "strings", "Replacer")
	}
	return is(t, "time", "Time") || is(t, "reflect", "Type") || is(t, "regexp", "Regexp") || is(t, "time", "Location")
}

// isError reports whether t is error.
func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }
