// Command with is a program that has the work.
package main

import (
	globals "example.com/m"
	"example.com/m/lib"
)

func main() {
	lib.With = 2
	globals.Set(1)
}
