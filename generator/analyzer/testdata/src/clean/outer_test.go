package clean_test

//workgen:work
type OuterRunner struct{}
