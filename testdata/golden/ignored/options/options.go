// Package options declares an argument type for another package.
package options

// Options has a field that is no input.
type Options struct {
	Level int
	Stats map[string]int `workgen:"-"`
}
