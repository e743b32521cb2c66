package lib

// A Check is called by its field.
type Check struct {
	Name string
	Run  func(int) int
}

// Plain has a field that only the work sets.
type Plain struct{ f func(int) int }

func (p *Plain) Keep(n int) int {
	p.f = func(n int) int { return n + 1 }
	return p.f(n)
}
