package globals

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"log"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/m/lib"
)

//workgen:work
type Globals struct{}

func (Globals) Run(n int) int {
	mu.Lock()
	defer mu.Unlock()
	hits.Add(1)
	logger.Print(n)
	calls++
	n += assigned               // want variable assigned in 3 places
	n += decoded.N              // want variable decoded in 2 places
	n += *flagged               // want variable flagged
	n += bound                  // want variable bound
	n += int(a.Load())          // want variable a
	n += state.n                // want variable state
	n += inner.s.n              // want variable inner
	if _, ok := m.Load(n); ok { // want variable m
		n++
	}
	n += len(table) // want variable table
	n += configured // want variable configured
	n += lib.Mode   // want variable Mode
	n += lib.With   // want variable With
	n += lib.Other() + lib.Without
	n += elems[0]  // want variable elems
	n += pointed   // want variable pointed
	n += aliased.n // want variable aliased
	n += filled.n  // want variable filled
	n += *kept + more(n)
	n += named   // want variable named
	n += hooked  // want variable hooked
	n += started // want variable started
	n += put     // want variable put
	n += served  // want variable served
	n += initial + sorted + once1 + remembered.n
	n += none.size()
	n += some.size() // want variable some
	n += held.size() // want variable held
	n += inside.n    // want variable inside
	n += failed.n()  // want variable failed
	n += len(settings)
	n += len(tallies) // want variable tallies
	n += len(depths)  // want variable depths
	n += len(source) + int(document[0])
	n += int(digits[0]) // want variable digits
	n += lengths[0]     // want variable lengths
	n += numbers["a"]   // want variable numbers
	n += list[0] + len(words) + lazy + set + len(pattern.String()) + copied.n + only + passed.n + len(text) + start.Day()
	if errors.Is(errA, errB) {
		n++
	}
	return n
}

var (
	mu      sync.Mutex
	hits    atomic.Int64
	logger  = log.Default()
	calls   int
	errA    = errors.New("a")
	errB    = errors.New("b")
	start   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	pattern = regexp.MustCompile("a")
	words   = strings.Fields("a b")
	//go:embed globals.go
	text string
)

// A variable is warned of once, wherever it is read.
func more(n int) int {
	if n > 0 {
		return most(n - 1)
	}
	return assigned
}

func most(n int) int { return assigned + decoded.N }

var remembered = &counter{}

func find() (*counter, error) { return remembered, nil }

// check has an error from where remembered is from, and nothing else.
func check() (err error) {
	var in struct{ c *counter }
	if in.c, err = find(); err != nil {
		return err
	}
	return err
}

func fresh() (*counter, error) {
	if err := check(); err != nil {
		return nil, err
	}
	return &counter{}, nil
}

func SetFresh() {
	if c, err := fresh(); err == nil {
		c.n = 1
	}
}

// The logger is not what results are made of.
func SetLogger(l *log.Logger) { logger = l }

func Count() int {
	return int(hits.Load()) + calls + len(pattern.ReplaceAllString("a", "b")) + start.Add(1).Day()
}

var assigned = 1

func Assign(n int) { assigned = n }

var decoded struct{ N int }

func Decode(b []byte) error { return json.Unmarshal(b, &decoded) }

var flagged = flag.Int("k", 2, "")

var bound int

func init() { flag.IntVar(&bound, "b", 2, "") }

var a atomic.Int64

func Store(n int) { a.Store(int64(n)) }

type counter struct{ n int }

func (c *counter) set(n int) { c.n = n }

func (c *counter) get() int { return c.n }

var state counter

func Set(n int) { state.set(n) }

var inner struct{ s *counter }

func SetInner(n int) { inner.s.set(n) }

var m sync.Map

func Remember(n int) { m.Store(n, n) }

var (
	once  sync.Once
	table []int
	lazy  int
)

// Configure keeps what the first call gives.
func Configure(ns []int) { once.Do(func() { table = ns }) }

var again sync.Once

// Lazy only puts off the initialisation.
func Lazy() int {
	again.Do(func() { lazy = len(words) })
	return lazy
}

var configured int

func configure(n *int) { *n = 3 }

func Configured() { configure(&configured) }

var elems = make([]int, 1)

func Elem(i int) { elems[i]++ }

var pointed int

func Point() { p := &pointed; *p = 4 }

var aliased = &counter{}

func Alias() *counter { return aliased }

func SetAlias() {
	c := Alias()
	c.n = 5
}

var filled counter

// fill passes it on.
func fill(c *counter) { c.set(2) }

func Fill() { fill(&filled) }

var kept = new(int)

type holder struct{ n *int }

var holders []holder

// What is written by way of a field that holds the pointer is not seen.
func Keep() { holders = append(holders, holder{n: kept}, holder{&named}) }

var named int

var list []int

var set int

// setup is called by init alone.
func setup() {
	list = append(list, 1)
	set = 1
}

func init() { setup() }

var copied = counter{1}

func Copy() counter {
	c := copied
	c.n = 2
	c.set(3)
	return c
}

var only = 1

func Only() int {
	only := 2
	only++
	return only
}

var passed = &counter{}

func Passed() int { return passed.get() + read(passed) }

func read(c *counter) int {
	c = &counter{c.n}
	return c.n
}

var command = struct{ run func() }{func() { hooked = 2 }}

var lazily = sync.OnceFunc(func() { once1 = 2 })

var hooked, started, put, served, initial, sorted, once1 int

// Functions that init leaves to be called later write later.
func init() {
	go func() { started = 1 }()
	command.run = func() { put = 1 }
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) { served++ })
	add := func() { initial++ }
	add()
	func() { initial++ }()
	slices.SortFunc(words, func(a, b string) int {
		sorted++
		return strings.Compare(a, b)
	})
	lazily()
}

var (
	source   = "{}"
	document = []byte("{}")
	digits   = make([]byte, 2)
	lengths  = make([]int, 1)
	numbers  = map[string]int{}
)

type counts []int

// Parse only reads what is parsed.
func Parse(out any) error {
	if err := json.Unmarshal([]byte(source), out); err != nil {
		return err
	}
	return json.Unmarshal(document, out)
}

// Refill writes to what is given and converted.
func Refill(b []byte) {
	hex.Decode(digits, b)
	counts(lengths)[0] = 1
	json.Unmarshal(b, numbers)
}

// A setting sets what it is given, a tally itself, and a depth by way of another function.
type (
	setting interface{ SetIn(c *counter) }
	tally   interface{ AddTo(c *counter) }
	depth   interface{ SetDepth(c *counter) }
)

var (
	settings = []setting{level(1)}
	tallies  = []tally{&total{}}
	depths   = []depth{&recursive{}}
)

func deeper(r *recursive, c *counter) {
	if c.n--; c.n > 0 {
		r.SetDepth(c)
	}
	r.keep(c.n)
}

func Apply(c *counter) {
	for _, s := range settings {
		s.SetIn(c)
	}
	for _, t := range tallies {
		t.AddTo(c)
	}
	for _, d := range depths {
		d.SetDepth(c)
	}
}

type level int

func (l level) SetIn(c *counter) { c.n = int(l) }

type total struct{ n int }

func (t *total) AddTo(c *counter) { t.n += c.n }

type recursive struct{ n int }

func (r *recursive) SetDepth(c *counter) { deeper(r, c) }

func (r *recursive) keep(n int) { r.n = n }

type shape interface{ size() int }

type nothing struct{}

func (*nothing) size() int { return 0 }

type box struct{ n int }

func (b *box) size() int { return b.n }

type holding struct{ shape }

type boxes struct{ box }

type failure struct{ code int }

func (*failure) Error() string { return "" }

type errs struct{ err error }

func (e errs) n() int { return len(e.err.Error()) }

var (
	none nothing
	some box
	held = holding{&box{}}

	inside boxes
	failed = errs{&failure{}}
)

func shapeOf(n int) shape {
	switch n {
	case 0:
		return &none
	case 1:
		return &some
	case 2:
		return held.shape
	case 3:
		return &inside.box
	}
	return &box{}
}

// Grow writes to a box.
func Grow(n int) {
	shapeOf(n).(*box).n = n
	failed.err.(*failure).code = n
}
