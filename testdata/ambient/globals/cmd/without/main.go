// Command without is a program that does not have the work.
package main

import "example.com/m/lib"

func main() { lib.Without = 2 }
