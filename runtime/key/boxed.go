package key

import "unsafe"

// Boxed counts v, a value in an interface I, before its encoding is written, and
// reports whether that is to be done. It is for interfaces whose types contain
// the interface itself, with no pointer, slice or map between that Enter would
// count: such values cannot contain themselves, but can share their parts so
// often that writing them out does not end. Then the encoder has failed. Nothing
// is appended.
//
//	func encodeExpr(e *key.Encoder, v Expr) {
//		if !key.Boxed(e, v) {
//			return
//		}
//		switch v := v.(type) {
//		case nil:
//			e.Nil()
//		case Sum: // struct{ Left, Right Expr }
//			…
func Boxed[I any](e *Encoder, v I) bool {
	e.enters++
	if e.enters <= free {
		return true
	}
	// An interface is two words: what describes its type, and where its value is.
	words := (*[2]unsafe.Pointer)(unsafe.Pointer(&v))
	return e.affords(words[0], words[1], 0)
}
