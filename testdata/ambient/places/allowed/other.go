package allowed

import "time"

//workgen:work
type Later struct{}

func (Later) Run() int { return time.Now().Second() }
