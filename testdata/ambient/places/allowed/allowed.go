// Package allowed may look at the clock.
//
//workgen:allow clock all of it is about the time
package allowed

import "time"

//workgen:work
type Now struct{}

func (Now) Run() int { return time.Now().Second() }
