package key

// Next ends one input, and what follows belongs to the next one. Only Sums takes notice of
// it; inside of a map or a frame, nothing does.
func (e *Encoder) Next() {
	if e.sums != nil && e.open == 0 && e.err == nil {
		e.endInput()
	}
}

// sums is what Sums makes.
type sums struct {
	scopes []Scope
	keys   []Key // of the inputs that have ended
}

// Sums computes a key for each of several inputs, which encode writes one after the other
// with Next between them: the one that Sum makes of an input alone, in the scope of the same
// index. Of an input that makes the encoder fail, and of those after it, there is none: their
// keys are zero. It may be called concurrently.
func Sums(scopes []Scope, encode func(*Encoder)) []Key {
	e := Borrow()
	e.sums = &sums{scopes, make([]Key, 0, len(scopes))}
	e.beginInput()
	encode(e)
	e.Next()
	keys := e.sums.keys[:len(scopes)]
	e.sums = nil
	e.Release()
	return keys
}

// beginInput begins the encoding of an input in its scope, if there is one.
func (e *Encoder) beginInput() {
	if at := len(e.sums.keys); at < len(e.sums.scopes) {
		e.beginKey(&e.sums.scopes[at])
	}
}

// endInput ends an input, and begins the next one as if it were the first.
func (e *Encoder) endInput() {
	if len(e.sums.keys) == len(e.sums.scopes) {
		return // there is nothing to come
	}
	e.sums.keys = append(e.sums.keys, e.endKey())
	e.stack.empty()
	e.enters, e.sample = 0, nil
	e.beginInput()
}
