package plan

import "go/types"

// judge finds everything in a type that fails. It looks at each type once, however
// many ways lead there: survey finds out what fails and what leads there, and then
// trace finds the shortest way to each place that has to be told of.
type judge struct {
	*describer
	// verdict returns why t itself fails ("" when it does not) and whether
	// its parts are to be looked at. It is asked once for each way in which a type
	// can be reached: see place.
	verdict func(t *Type) (reason string, descend bool)
	// ignore says that fields tagged "-" are not looked at.
	ignore func(f *Field) bool
	// field returns why a field fails whatever its type; nil finds no fault.
	field func(f *Field) string
	// fixable reports whether the user can change the declaration of a struct, so
	// that problems are told of for each of its fields; nil stands for no struct.
	fixable func(named *types.Named) bool
	// messages says that protobuf messages have to be behind a pointer.
	messages bool
	// copies says that a method may copy what cannot be walked.
	copies bool

	problems []problem
}

// forKeys judges whether values of a type can be encoded so that different
// ones never look alike.
func (d *describer) forKeys() *judge {
	return &judge{
		describer: d, messages: true,
		verdict: func(t *Type) (string, bool) {
			switch {
			case t.directive != nil:
				t.directive.used = true
			}
			switch {
			case t.Custom:
				return "", false
			case t.Kind == Invalid, t.Kind == Opaque:
				return t.Reason, false
			case t.Kind == Known:
				return "", t.Codec == Handle
			case t.Kind == Map && d.holdsLock(t.Elem.Go):
				return "the values of a map cannot be read without copying the lock in them", false
			}
			return "", true
		},
		ignore: func(f *Field) bool { return f.Ignored },
	}
}

// withoutRunners is a verdict on arguments: they are plain data.
func withoutRunners(verdict func(*Type) (string, bool)) func(*Type) (string, bool) {
	return func(t *Type) (string, bool) {
		if t.IsRunner() {
			return "a runner is a part of the program and no argument", false
		}
		return verdict(t)
	}
}

// forCopies judges whether values of a type can be copied deeply. Fields that are
// no input are assigned with the struct and not looked into, unless that would
// copy a lock.
func (d *describer) forCopies() *judge {
	return &judge{
		describer: d, copies: true, messages: true,
		verdict: func(t *Type) (string, bool) {
			switch {
			case t.copies() && (t.Kind == Opaque || t.Kind == Known || t.Kind == Pointer):
				if t.Codec == Handle && References(t.Elem, true) {
					return "what a unique.Handle refers to is found by its address, which a copy does not have", false
				}
				return "", false
			case t.Named != nil && isLock(t.Named):
				return "a lock must not be copied", false
			case t.Kind == Known || t.CopyReason != "":
				return t.CopyReason, false
			case t.Kind == Invalid, t.Kind == Opaque:
				if d.holdsLock(t.Go) {
					return "a lock must not be copied", false
				}
				return t.Reason, false
			case t.Kind == Map && addresses(t.Key):
				return "the keys of a map are found by their address, which a copy does not have", false
			}
			return "", true
		},
		ignore: func(f *Field) bool { return f.Ignored && !d.holdsLock(f.Type.Go) },
	}
}
