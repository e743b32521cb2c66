package reach_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// seen is in each package that starts: what Run reaches, and what it does not.
const seen = `package c

type config struct{ Level int; sub *config }

func (c *config) Set(n int) { c.Level = n }

var number int

var table = map[string]int{}

var cfg = &config{}

func Seen() (int, int, int) { return number, table["x"], cfg.Level }

var other = map[string]int{}

var kept any
`

// otherModules are outside modules. Run reaches used, and so low.
const otherModules = `
-- go.mod --
module example.com/m

go 1.26

require (
	example.org/above v0.0.0
	example.org/cli v0.0.0
	example.org/low v0.0.0
	example.org/used v0.0.0
)

replace (
	example.org/above => ./above
	example.org/cli => ./cli
	example.org/low => ./low
	example.org/used => ./used
)
-- above/go.mod --
module example.org/above
-- above/above.go --
package above

import _ "example.org/low"

func Put(v any) any { return v }
-- low/go.mod --
module example.org/low
-- low/low.go --
package low
-- used/go.mod --
module example.org/used
-- used/used.go --
package used

import _ "example.org/low"

type T int

func (T) Get() int { return 1 }

func Keep(v any) any { return v }
-- cli/go.mod --
module example.org/cli
-- cli/cli.go --
package cli

import "os"

type Command struct {
	Name string
	RunE func() error
	Check func(args []string) error
}

func AtMost(n int) func(args []string) error { return nil }

var Default = &Command{}

func New(name string) *Command { return &Command{Name: name} }

func Load(name string) error { return os.Setenv("NAME", name) }

func Put(v any) error { return nil }

func Do(f func()) *Command { f(); return nil }

func (c *Command) Add(sub *Command) { c.Name += sub.Name }
`

func TestWhatIsExecutedAtTheStartCountsIfItChangesWhatRunSees(t *testing.T) {
	const commands = "var root = &cli.Command{}; func run() error { number = 3; return nil }; "
	tests := []struct {
		declarations string
		counts       bool
	}{
		// Variables of the module.
		{`func init() { number = 1 }`, true},
		{`func init() { table["x"]++ }`, true},
		{`func init() { cfg.Level = 1 }`, true},
		{`func init() { cfg.sub.Level = 1 }`, true},
		{`func init() { cfg.Set(1) }`, true},
		{`func init() { kept = &cfg.Level }`, true},
		{`func init() { kept = cfg.sub }`, true},
		{`func init() { kept = table }`, true},
		{`func init() { clear(table) }`, true},
		{`func init() { change(cfg) }; func change(c *config) { c.Level = 1 }`, true},
		{`func init() { get().Level = 1 }; func get() *config { return cfg }`, true},
		{`func init() { for number = range 3 { } }`, true},
		{`func init() { _, number = 1, 2 }`, true},
		{`func init() { func() { number++ }() }`, true},
		{`func init() { f := func() { number++ }; f() }`, true},
		{`func init() { go loop() }; func loop() { number++ }`, true},
		{`func init() { defer loop() }; func loop() { number++ }`, true},
		{`func init() { hook() }; var hook = func() { number++ }`, true},
		{`func init() { doer.do() }; var doer interface{ do() } = T{}; type T struct{}; func (T) do() { number++ }`, true},
		{`func init() { twice[T]() }; func twice[D interface{ do() }]() { var d D; d.do() }; type T struct{}; func (T) do() { number++ }`, true},
		{`func init() { other["x"] = number + len(table) + table["x"] + cfg.Level }`, false},
		{`func init() { for name, n := range table { other[name] = n } }`, false},
		{`func init() { if cfg != nil && cfg.sub == nil { other["x"] = 1 } }`, false},
		{`func init() { number := 1; number++; other["x"] = number }`, false},
		{`func init() { never() }; func never() { kept = T{} }; type T struct{ number int }`, false},
		{`func init() { println("starts") }`, false},
		// Variables that share memory.
		{`var alias = table; func init() { alias["x"] = 1 }`, true},
		{`var alias = &cfg.Level; func init() { *alias = 1 }`, true},
		{`var p *int; func init() { p = &number }; func init() { change() }; func change() { *p = 2 }`, true},
		{`var list []fmt.Stringer; type T struct{}; func (T) String() string { number++; return "" }; func init() { list = append(list, T{}) }; func init() { change() }; func change() { for _, s := range list { s.String() } }`, true},
		{`var hooks []func(); func init() { hooks = append(hooks, func() { number++ }) }; func init() { change() }; func change() { hooks[0]() }`, true},
		// Packages outside.
		{commands + `var sub = &cli.Command{RunE: run}; func init() { root.Add(sub) }`, false},
		{commands + `func init() { sub := &cli.Command{RunE: func() error { return run() }}; root.Add(sub) }`, false},
		{commands + `var subs = []*cli.Command{{RunE: run}}; func init() { root.Add(subs[0]) }`, false},
		{commands + `func init() { root.RunE = run; root.Add(cli.New("sub")) }`, false},
		{commands + `func init() { root.RunE = run; root.RunE() }`, true},
		{commands + `func init() { root.RunE = run; f := root.RunE; f() }`, true},
		{commands + `func init() { cli.Do(func() { run() }) }`, true},
		{commands + `func init() { cli.Do(do) }; func do() { run() }`, true},
		{commands + `func init() { root.Add(&cli.Command{Name: fmt.Sprint(run())}) }`, true},
		{`func init() { kept = cli.New("x") }`, false},
		{`var sub = &cli.Command{Check: cli.AtMost(1)}; func init() { sub.Add(sub) }`, false},
		{`func init() { cli.Load("x") }`, true},
		{`func init() { if err := cli.Load("x"); err != nil { panic(err) } }`, true},
		{`func init() { cli.Default.Add(cli.New("x")) }`, false},
		{`func init() { cli.Default = nil }`, true},
		{`func init() { cli.Default.Name = "x" }`, true},
		{`func init() { kept = used.Keep(other) }`, true},
		{`func init() { kept = above.Put(other) }`, true},
		{`var x used.T; func init() { other["x"] = x.Get() }`, true},
		{`var x = used.Keep(other)`, true},
		{`var x = cli.New("x")`, false},
		// The standard library.
		{`func init() { os.Setenv("A", "b") }`, true},
		{`func init() { os.Stderr.WriteString("starts"); other["x"] = len(os.Args) }`, false},
		{`func init() { os.Args = nil }`, true},
		{`func init() { time.Local = time.UTC }`, true},
		{`func init() { log.SetFlags(0) }`, false},
		{`func init() { log.SetOutput(T{}) }; type T struct{}; func (T) Write(p []byte) (int, error) { number++; return 0, nil }`, true},
		{`func init() { image.RegisterFormat("x", "x", nil, nil) }`, true},
		{`func init() { gob.Register(number) }`, false},
		{`func init() { flag.IntVar(&number, "n", 1, "") }`, true},
		{`func init() { flag.IntVar(&mine, "n", 1, "") }; var mine int`, false},
		{`func init() { kept = regexp.MustCompile("x") }`, false},
		{`func init() { sort.Slice(kept, func(i, j int) bool { number++; return true }) }`, true},
		{`var _ fmt.Stringer = (*T)(nil); type T struct{}; func (T) String() string { number++; return "" }`, false},
		{`var _ = fmt.Sprint(T{}); type T struct{}; func (T) String() string { number++; return "" }`, true},
		// What cannot be followed.
		{`func init() { kept = (*int)(unsafe.Pointer(uintptr(1))) }`, true},
		{`func init() { assembled() }; func assembled()`, true},
	}
	archive := otherModules
	imports, calls := map[bool]string{}, map[bool]string{}
	for i, test := range tests {
		list := source(test.declarations)
		archive += fmt.Sprintf("-- c%d/a.go --\n%s-- c%[1]d/b.go --\n%[3]s-- c%[1]d/c.s --\n", i, list, seen)
		imports[test.counts] += fmt.Sprintf("\tc%d \"example.com/m/c%[1]d\"\n", i)
		calls[test.counts] += fmt.Sprintf("\tc%d.Seen()\n", i)
	}
	// What counts makes Run reach more packages, so what does not is for another work.
	for folder, counts := range map[string]bool{"a": true, "b": false} {
		archive += "-- " + folder + "/a.go --\npackage a\n\nimport (\n\t\"image\"\n\n\t\"example.org/used\"\n" + imports[counts] +
			")\n\n//workgen:work\ntype W struct{}\n\nfunc (W) Run() {\n\timage.Decode(nil)\n\tused.Keep(1)\n" + calls[counts] + "}\n"
	}
	loaded := packages(t, "", write(t, archive), "./a", "./b")
	got := strings.Split(names(find(t, loaded, "a"))+"\n"+names(find(t, loaded, "b")), "\n")
	for i, test := range tests {
		marks := []string{"init", "x", "_"}
		if strings.Contains(test.declarations, "func change") {
			marks = []string{"change"}
		}
		counts := slices.ContainsFunc(marks, func(s string) bool { return slices.Contains(got, fmt.Sprintf("c%d.%s", i, s)) })
		if counts != test.counts {
			t.Errorf("%s: counts %t, want %t", test.declarations, counts, test.counts)
		}
	}
}

// source is that of a file of package c with declarations, which semicolons separate.
func source(declarations string) string {
	list := strings.NewReplacer("; func", "\n\nfunc", "; var", "\n\nvar", "; type", "\n\ntype", "; const", "\n\nconst", "; //", "\n\n//").Replace(declarations)
	for _, path := range []string{
		"expvar", "fmt", "io", "os", "log", "image", "encoding/gob", "flag", "net/http", "regexp", "sort", "syscall", "time", "unsafe",
		"example.com/m/d", "example.org/cli", "example.org/used", "example.org/above",
	} {
		if regexp.MustCompile(`\b` + path[strings.LastIndexByte(path, '/')+1:] + `\.`).MatchString(list) {
			list = "import \"" + path + "\"\n\n" + list
		}
	}
	return "package c\n\n" + list + "\n"
}
