package funcs

import (
	"example.com/m/lib"
	"github.com/workgen/workgen/runtime/key"
)

//workgen:work
type Funcs struct {
	In     *Input          `workgen:"-"`
	During func(n int) int `workgen:"-"`
	Plain  *lib.Plain      `workgen:"-"`
}

type Input struct {
	run    []func(int) int
	check  *lib.Check
	hooks  map[string]func(int) int
	done   func()
	tagged *tagged
	named  Named
}

// Named is known by its name.
type Named struct {
	Name string
	Do   func(int) int
}

func (n Named) EncodeKey(e *key.Encoder) { e.String(n.Name) }

type tagged struct {
	log func(int) int `workgen:"-"`
}

func Tagged() (*tagged, Named) { return &tagged{log: twice}, Named{"twice", twice} }

// New puts functions into fields.
func New() *Input {
	in := &Input{run: []func(int) int{twice}, check: &lib.Check{Name: "a", Run: twice}}
	in.hooks = map[string]func(int) int{"a": twice}
	in.done = nil
	return in
}

func twice(n int) int { return 2 * n }

type local struct{ op func(int) int }

func (w *Funcs) Run(n int) int {
	n = w.In.run[0](n)             // want field Input.run
	n = w.In.check.Run(n)          // want field Check.Run
	for _, h := range w.In.hooks { // want field Input.hooks
		n = h(n)
	}
	if w.In.done != nil {
		w.In.done()
	}
	n = w.During(n)
	n += w.In.tagged.log(n) + w.In.named.Do(n)
	l := local{op: twice}
	m := local{func(n int) int { return n }}
	return l.op(m.op(n)) + apply(twice, n) + w.Plain.Keep(n)
}

func apply(f func(int) int, n int) int { return f(n) }
