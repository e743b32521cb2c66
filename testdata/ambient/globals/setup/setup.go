package setup

import "example.com/m/lib"

func init() { lib.Mode = 6 }

func Setup() int {
	c := lib.Default()
	c.K = 3
	return lib.Constant().K
}
