package runtime

import (
	"bytes"
	"fmt"
	"iter"
	goruntime "runtime"
	"strings"
)

// mostStacks is how many goroutines there may be for their stacks to be looked at: meanwhile
// nothing else runs, for some 5 ms per thousand.
const mostStacks = 10_000

// notLookedFor stands for a stack when there are more.
var notLookedFor = fmt.Sprintf("not looked for: there are more than %d goroutines", mostStacks)

func tooManyStacks() bool { return goruntime.NumGoroutine() > mostStacks }

// goroutines returns the stacks of all goroutines.
func goroutines() iter.Seq[[]byte] {
	dump := make([]byte, 64<<10+goruntime.NumGoroutine()<<11)
	n := goruntime.Stack(dump, true)
	for n == len(dump) && n < 64<<20 { // it was cut
		dump = make([]byte, 2*n)
		n = goruntime.Stack(dump, true)
	}
	dump = dump[:n]
	return bytes.SplitSeq(dump, []byte("\n\n"))
}

// goroutineName returns how stacks name the goroutine that calls it, such as "goroutine 7 ".
func goroutineName() string {
	b := make([]byte, 64)
	b = b[:goruntime.Stack(b, false)]
	number, _, _ := strings.Cut(strings.TrimPrefix(string(b), "goroutine "), " ")
	return "goroutine " + number + " "
}

// stackOfGoroutine returns the stack of the goroutine of a name, "" if it has ended.
func stackOfGoroutine(name string) string {
	if tooManyStacks() {
		return notLookedFor
	}
	for stack := range goroutines() {
		if bytes.HasPrefix(stack, []byte(name)) {
			return string(stack)
		}
	}
	return ""
}
