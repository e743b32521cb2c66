// Package plan decides how every type that a work takes or returns is encoded
// and copied.
//
// It turns the model of [scan] into one that holds no open question: each type
// is described once, as a tree of [Type] nodes, and judged twice, for keys
// (can two different values always be told apart?) and for copies (can a
// caller be given one that shares no memory with the cache?). Whatever fails a
// judgement becomes a diagnostic with the path from the parameter down to the
// offending type; nothing is left out silently.
//
// [Plan] is the only entry point. The package knows go/types and nothing of
// how code is written.
package plan
