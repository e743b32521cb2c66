// A command without the works.
package main

import (
	"fmt"
	"time"
)

type clock struct{}

func (clock) Area() int { return time.Now().Nanosecond() }

func main() { fmt.Println(clock{}.Area()) }
