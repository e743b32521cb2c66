package diag

// A Rewrite is one way to do what a diagnostic's Fix says, as a change of one
// piece of text that an editor can make.
type Rewrite struct {
	Title string // what it does, in the imperative: "tag it `workgen:\"key\"`"
	File  string // absolute
	// Start and End are offsets in bytes. What is between them becomes New.
	Start, End int
	New        string
}
