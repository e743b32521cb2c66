package main

import (
	"errors"
	"strconv"

	"github.com/workgen/workgen/generator/diag"
)

// A strictness says which warnings are problems: none when it is empty.
type strictness string

const (
	strictOwn  = "true" // those about the code of the main modules
	strictDeps = "deps" // those about code of other modules, too
)

// fails reports whether a diagnostic is a problem.
func (s strictness) fails(d diag.Diagnostic) bool {
	return !d.Warning || s == strictDeps || s == strictOwn && !d.Dependency
}

// String, Set and Type make it the value of a flag.
func (s *strictness) String() string { return string(*s) }
func (s *strictness) Type() string   { return "bool" }

func (s *strictness) Set(value string) error {
	if value == strictDeps {
		*s = strictDeps
		return nil
	}
	strict, err := strconv.ParseBool(value)
	if err != nil {
		return errors.New("write -strict or -strict=deps")
	}
	*s = ""
	if strict {
		*s = strictOwn
	}
	return nil
}
