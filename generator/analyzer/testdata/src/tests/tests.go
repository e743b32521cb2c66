package tests

//workgen:work
type Plain struct{} // want `workgen_gen.go is missing`

func (Plain) Run() {}
