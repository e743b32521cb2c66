// Package diag holds what the generator has to say against the user's code.
//
// A diagnostic is one problem: where it is, whose work it concerns, what is
// wrong, the way from a parameter to the type at fault, and what to do. The
// stages add diagnostics to a List and go on, so that one run reports every
// problem of every package; the order of the report does not depend on the
// order in which they were found.
//
// It is rendered for people and for editors, which all understand
// file:line:col at the start of a line:
//
//	./render.go:31:39: work Render: cannot key parameter cfg: a channel has no value
//		cfg                Config          ./render.go:31:39
//		cfg.Hooks[]        Hook            ./config.go:12:2
//		cfg.Hooks[].Done   chan struct{}   ./hook.go:8:2
//		fix: give Hook a method EncodeKey(*key.Encoder), or tag Done `workgen:"-"` if it is no input
package diag
