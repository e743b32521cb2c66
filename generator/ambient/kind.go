package ambient

import "github.com/workgen/workgen/generator/scan"

// A Kind is what a warning says about things of one kind.
type Kind struct {
	// Misses is what a hit does not do, after "a hit does not".
	Misses string
	// Fix is how to make it an input.
	Fix string
}

// Kinds has what is said of each kind.
var Kinds = map[scan.Kind]Kind{
	scan.Clock:   {Misses: "look at the clock again", Fix: "pass the time as an argument: from runtime.Now or runtime.Today inside a flow"},
	scan.Zone:    {Misses: "look at the time zone again", Fix: "use UTC, or pass a *time.Location as an argument"},
	scan.Random:  {Misses: "draw again", Fix: "pass a seed as an argument"},
	scan.Env:     {Misses: "look at the environment again", Fix: "read it in the caller and pass it as an argument"},
	scan.Build:   {Misses: "look at the build again", Fix: "pass what decides on the result as an argument"},
	scan.Context: {Misses: "look at the context again", Fix: "read the value in the caller and pass it as an argument"},
	scan.Global:  {Misses: "look at the variable again", Fix: "pass its value as an argument, or make it a field tagged `workgen:\"key\"`"},
	scan.Network: {Misses: "ask again", Fix: "pass what decides on the answer as an argument"},
	scan.File:    {Misses: "read the file again", Fix: "pass the path as an argument of type key.File or key.Dir, so that its content is the input"},
	scan.Func:    {Misses: "notice when the functions in it change", Fix: "make it an interface with a method: the code of its implementers counts"},
	scan.Exec:    {Misses: "execute it again", Fix: "pass what decides on its output as an argument"},
}
