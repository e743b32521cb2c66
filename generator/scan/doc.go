// Package scan finds the works of a package and describes them.
//
// A work is a struct type with the directive
//
//	//workgen:work [option ...]
//
// in its doc comment and a Run method of its own. Scan reads directives,
// signatures, struct tags and the uses of the receiver's fields, and reports
// everything that makes a declaration no work, or not the work its author
// meant: a mistyped directive is a diagnostic, never a comment that is silently
// passed over. What it hands on is plain data with positions; whether a type
// can be keyed, copied or stored is for the plan stage to say.
package scan
