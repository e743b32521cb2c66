// A command with the works.
package main

import (
	"fmt"
	"time"

	places "example.com/m"
)

type clock struct{}

func (clock) Area() int { return time.Now().Nanosecond() } // want time.Now

func main() {
	var s places.Shape = clock{}
	fmt.Println(s.Area())
}
