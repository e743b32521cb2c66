package clean_test

// OuterRunner is the name of what would be generated for a work Outer.
type OuterRunner struct{}
