package executed

import (
	"context"
	"os"
	"time"
)

//workgen:work
type Executed struct {
	Store Store         `workgen:"-"`
	Open  func() Source `workgen:"-"`
	Inner *InnerRunner  `workgen:"-"` // want work Inner through field Inner
}

func (w *Executed) Run(ctx context.Context, n int) (int, error) {
	n += read(memory{}) + w.Store.Get() + w.Open().Get() + backend.Get() + fixed.Fix() + list[0].Get() + total(one(n)) // want variable backend
	clock, _ := ctx.Value(n).(Clock)                                                                                   // want context.Context.Value
	n += clock.Hour()
	var anything any = clock
	if e, ok := anything.(*environment); ok {
		n += e.files.Get()
	}
	_, err := w.Inner.Run(ctx, n)
	if c, ok := err.(Coder); ok {
		n += c.Code()
	}
	o := options{}
	if o.hook != nil {
		n = o.hook(n)
	}
	switch s := fixed.(type) {
	case Resetter:
		n += s.Reset()
	}
	return n, nil
}

// Files is implemented by what Run makes and by what it does not.
type Files interface{ Read(name string) []byte }

func read(f Files) int { return len(f.Read("a")) }

type memory struct{}

func (memory) Read(string) []byte { return nil }

type disk struct{}

func (disk) Read(name string) []byte {
	b, _ := os.ReadFile(name)
	return b
}

func Disk() Files { return disk{} }

// Store comes from outside, with all that it has in it.
type Store interface{ Get() int }

type table struct{ index Index }

func (t table) Get() int { return t.index.Find() + len(os.Getenv("A")) } // want os.Getenv

type Index interface{ Find() int }

type tree struct{}

func (tree) Find() int { return len(os.Getenv("B")) } // want os.Getenv

func Table() Store { return table{tree{}} }

// Source is what a function from outside returns.
type Source interface{ Get() int }

type remote struct{}

func (*remote) Get() int { return len(os.Getenv("C")) } // want os.Getenv

func Remote() Source { return &remote{} }

// Backend is in a variable that can be set, Fixed in one that cannot.
type Backend interface {
	Get() int
	backend()
}

var backend Backend = local{}

type local struct{}

func (local) Get() int { return 1 }

func (local) backend() {}

type other struct{}

func (other) Get() int { return len(os.Getenv("D")) } // want os.Getenv

func (other) backend() {}

func Use() { backend = other{} }

type Fixed interface {
	Fix() int
	fixed()
}

var fixed Fixed = first{}

type first struct{}

func (first) Fix() int { return 1 }

func (first) fixed() {}

type second struct{}

func (second) Fix() int { return len(os.Getenv("E")) }

func (second) fixed() { os.Getenv("F") }

// Resetter is asked of what is in fixed.
type Resetter interface{ Reset() int }

func (second) Reset() int { return len(os.Getenv("G")) }

// A registry is filled by init.
type Plugin interface {
	Get() int
	plugin()
}

var list []Plugin

func init() { list = append(list, plugged{}) }

type plugged struct{}

func (plugged) Get() int { return len(os.Getenv("H")) } // want os.Getenv

func (plugged) plugin() {}

// Clock is asked of what may be anything.
type Clock interface{ Hour() int }

type wall struct{}

func (wall) Hour() int { return time.Now().Hour() } // want time.Now

func Wall() Clock { return wall{} }

type environment struct{ files Variables }

type Variables interface{ Get() int }

func Environment() any { return &environment{remoteVariables{}} }

type remoteVariables struct{}

func (remoteVariables) Get() int { return len(os.Getenv("I")) } // want os.Getenv

// Coder is asked of errors.
type Coder interface{ Code() int }

type failed struct{}

func (failed) Error() string { return "" }

func (failed) Code() int { return len(os.Getenv("J")) } // want os.Getenv

func Failed() error { return failed{} }

// Inner has fields of its own.
//
//workgen:work
type Inner struct {
	Words Words `workgen:"-"`
}

func (i *Inner) Run(n int) int { return i.Words.Count() }

type Words interface{ Count() int }

type dictionary struct{}

func (dictionary) Count() int { return len(os.Getenv("K")) } // want os.Getenv

func Dictionary() Words { return dictionary{} }

// Only Run makes options.
type options struct{ hook func(int) int }

func New() options { return options{func(int) int { return len(os.Getenv("L")) }} }

// one is only made where it is used.
type one int

func (one) Get() int { return 1 }

type two int

func (two) Sum() int { return len(os.Getenv("M")) }

func (o one) Sum() int { return int(o) }

func total[T interface{ Sum() int }](t T) int { return t.Sum() }

func Two() int { return total(two(1)) }
