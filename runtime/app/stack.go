package app

import (
	"path"
	"strings"
)

// stackView is the stack of a panic, folded: what people look for is where their own code was.
type stackView struct {
	Before string // frames that caught the panic
	User   string // from the first frame of the user's to the last
	After  string // frames that called the body
}

// foldStack splits a stack as debug.Stack writes it. If no frame is the user's, it is all Before.
func foldStack(text string) stackView {
	frames := stackFrames(text)
	first, last := -1, -1
	for i, frame := range frames {
		if isUsers(frame) {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return stackView{Before: text}
	}
	join := func(frames []string) string { return strings.Join(frames, "") }
	return stackView{Before: join(frames[:first]), User: join(frames[first : last+1]), After: join(frames[last+1:])}
}

// stackFrames returns the frames of a stack, each of a line with the function and one with the
// place; the line that names the goroutine is one, too.
func stackFrames(text string) (frames []string) {
	for line := range strings.Lines(text) {
		if n := len(frames); n > 0 && strings.HasPrefix(line, "\t") {
			frames[n-1] += line
			continue
		}
		frames = append(frames, line)
	}
	return frames
}

// isUsers tells whether a frame is of code of the user's: not of Go's runtime, of reflection, of
// workgen, or of what that generates.
func isUsers(frame string) bool {
	function, place, _ := strings.Cut(frame, "\n")
	if strings.HasPrefix(function, "goroutine ") || strings.HasPrefix(function, "created by ") || strings.HasPrefix(function, "panic(") || strings.HasPrefix(function, "...") {
		return false
	}
	file, _, _ := strings.Cut(path.Base(strings.TrimSpace(place)), ":")
	if file == "workgen_gen.go" || file == "workgen_gen_test.go" {
		return false
	}
	switch name := packageOf(function); name {
	case "runtime", "runtime/debug", "reflect":
		return false
	default:
		return strings.HasSuffix(file, "_test.go") || !strings.HasPrefix(name+"/", module+"/runtime/")
	}
}

// module is the path of this module.
const module = "github.com/workgen/workgen"

// packageOf returns the package of a function, as in example.com/a/b.(*T).Method(0x1).
func packageOf(function string) string {
	directory := strings.LastIndexByte(strings.SplitN(function, "(", 2)[0], '/') + 1
	name, _, _ := strings.Cut(function[directory:], ".")
	return function[:directory] + name
}
