package tests_test

//workgen:work
type Outer struct{} // want `workgen_gen_x_test.go is missing`

func (Outer) Run() {}
