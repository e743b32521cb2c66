// Package plain has works whose inputs are numbers, booleans, strings and times,
// alone or in structs: their calls are told apart with ==.
package plain

import "time"

// Level is a named number.
type Level int8

// Text is a named string.
type Text string

// Number is an alias.
type Number = int

// Limits is a struct of plain fields.
type Limits struct {
	Low, High float64
	Name      string
	note      string `workgen:"-"`
}

// Options has a struct in a struct, and one embedded.
type Options struct {
	Limits
	Inner struct {
		On bool
	}
	_ [0]func()
}

// Note returns what is no input.
func (l Limits) Note() string { return l.note }

// Basics takes every basic kind but the complex ones.
//
//workgen:work
type Basics struct{}

// Run returns how many arguments there are.
func (Basics) Run(a bool, b int, c int8, d int16, e int32, f int64, g uint, h uint8, i uint16, j uint32, k uint64, l uintptr, m float32, n float64, o string) int {
	return 15
}

// Named takes named types, an alias, and types of the standard library.
//
//workgen:work
type Named struct {
	Prefix string `workgen:"key"`
	Scale  Level  `workgen:"key"`
}

// Run joins what it is given.
func (n *Named) Run(level Level, text Text, number Number, r rune, b byte, d time.Duration, m time.Month) string {
	return n.Prefix + string(text) + m.String() + d.String()
}

// Nested takes structs of plain fields.
//
//workgen:work
type Nested struct{}

// Run adds up.
func (*Nested) Run(opts Options, scale float32) float64 {
	return opts.Low + opts.High*float64(scale)
}

// Stamp is declared as a time.
type Stamp time.Time

// Span is a struct of times.
type Span struct {
	From, Until time.Time
}

// Dated takes times, and a parameter that hides their package.
//
//workgen:work
type Dated struct {
	Since Stamp `workgen:"key"`
}

// Run returns how long the span is.
func (d *Dated) Run(span Span, at time.Time, time Stamp) int64 {
	return span.Until.Unix() - span.From.Unix()
}

// At takes a time alone.
//
//workgen:work
type At struct{}

// Run returns the day half a year later, which depends on the rules of the time zone.
func (At) Run(at time.Time) string { return at.Add(182 * 24 * time.Hour).String() }

// Nothing takes nothing.
//
//workgen:work
type Nothing struct{}

// Run does nothing.
func (Nothing) Run() {}
