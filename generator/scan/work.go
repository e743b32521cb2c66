package scan

import (
	"go/ast"
	"go/types"
	"unicode"
	"unicode/utf8"

	"github.com/workgen/workgen/generator/wrapper"
)

// work describes the work declared by spec. It returns nil when the type is no
// struct or has no Run of its own; everything else that is wrong is reported
// and the work returned.
func (s *scanner) work(spec *ast.TypeSpec, doc *ast.CommentGroup, d *directive) *Work {
	w := &Work{
		Name: spec.Name.Name, Pos: spec.Name.Pos(), Doc: doc.Text(),
		// Parsed first: its faults are reported whatever the type is.
		Options: s.options(spec.Name.Name, d),
	}
	if !s.structType(w, spec) {
		return nil
	}
	fields := s.fields(w)
	if !s.findRun(w) {
		return nil
	}
	s.signature(w)
	w.Fields = fields
	s.reads(w)
	return w
}

// structType sets the types of w and reports whether spec declares a struct
// that can be a work.
func (s *scanner) structType(w *Work, spec *ast.TypeSpec) bool {
	lit, isStruct := ast.Unparen(spec.Type).(*ast.StructType)
	switch {
	case spec.Name.Name == "_":
		s.report(w.Pos, "", "a work needs a name", "name the type")
		return false
	case spec.Assign.IsValid():
		s.report(spec.Assign, w.Name, "an alias cannot be a work", "remove the = to declare a type of its own, or mark the type it stands for")
		return false
	case spec.TypeParams != nil:
		s.report(spec.TypeParams.Pos(), w.Name, "a work cannot have type parameters: each instance would need a wrapper of its own",
			"declare a concrete struct type for each instance that is needed")
		return false
	case !isStruct:
		s.report(spec.Type.Pos(), w.Name, "a work is declared as a struct type, not as "+types.ExprString(spec.Type),
			"write type "+w.Name+" struct { ... }")
		return false
	}
	obj, _ := s.Info.Defs[spec.Name].(*types.TypeName)
	if obj == nil { // declared twice: the second one has no object
		message := "the type is declared twice"
		if e, ok := s.ErrorIn(spec.Name.Pos(), spec.Name.End()); ok {
			message = e.Message
		}
		s.report(w.Pos, w.Name, message, "remove or rename one of the declarations")
		return false
	}
	w.Named, _ = obj.Type().(*types.Named)
	if w.Named == nil {
		s.report(w.Pos, w.Name, "the type is invalid", "correct its declaration")
		return false
	}
	w.Struct, _ = w.Named.Underlying().(*types.Struct)
	w.StructType = lit
	if w.Struct == nil { // the type contains itself
		message := "the type is invalid"
		if e, ok := s.ErrorIn(spec.Pos(), spec.End()); ok {
			message = e.Message
		}
		s.report(w.Pos, w.Name, message, "correct its declaration")
		return false
	}
	return true
}

// findRun sets Run and RunDecl, and reports whether there is a method Run
// declared for the type itself.
func (s *scanner) findRun(w *Work) bool {
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(w.Named), true, s.Types, "Run")
	declare := "declare func (" + receiverName(w.Name) + " *" + w.Name + ") Run(ctx context.Context, ...) (..., error)"
	run, isMethod := obj.(*types.Func)
	switch {
	case obj == nil && index != nil: // several at one depth
		s.report(w.Pos, w.Name, "Run is ambiguous: more than one embedded field has it", declare)
	case obj == nil && s.elsewhere[w.Name]:
	case obj == nil:
		if near := s.nearRun(w); near != nil {
			s.report(near.Pos(), w.Name, "method "+near.Name()+" is not Run: a work's method is called Run", "rename it to Run")
			break
		}
		s.report(w.Pos, w.Name, "the type has no Run method", declare)
	case !isMethod:
		s.report(obj.Pos(), w.Name, "Run is a field, not a method", "rename the field and "+declare)
	case len(index) > 1:
		field := w.Struct.Field(index[0])
		s.report(field.Pos(), w.Name, "Run is promoted from the embedded field "+field.Name()+", so it does not see the fields of "+w.Name,
			declare+", which may call that of "+field.Name())
	default:
		w.Run, w.RunDecl = run, s.methods[run]
		return w.RunDecl != nil
	}
	return false
}

// nearRun returns a method whose name is Run but for case or a slip.
func (s *scanner) nearRun(w *Work) *types.Func {
	for m := range w.Named.Methods() {
		if nearest(m.Name(), []string{"run"}) != "" {
			return m
		}
	}
	return nil
}

// receiverName is what a receiver of a type is called by custom.
func receiverName(typ string) string {
	first, _ := utf8.DecodeRuneInString(typ)
	return string(unicode.ToLower(first))
}

// Names returns the package-level names generated for w.
func (w *Work) Names() wrapper.Names { return wrapper.NamesOf(w.Name, len(w.Results)) }
