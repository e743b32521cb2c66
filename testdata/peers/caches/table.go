package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// table is what has been measured on so many cores.
type table struct {
	cores  int
	lines  []string
	bounds []string // what became of them
}

// add adds the lines of a measurement, whose figures are by line and column.
func (t *table) add(m measurement, figures [][]float64) {
	for i, line := range m.lines {
		ours := figures[i][0]
		cells := []string{line.name, line.show(ours)}
		for j := range contestants[1:] {
			cell := "–"
			if j+1 < len(figures[i]) {
				x := figures[i][j+1]
				cell = line.show(x)
				if x > 0 {
					cell += fmt.Sprintf(" (%.2f)", ours/x)
				}
			}
			cells = append(cells, cell)
		}
		t.lines = append(t.lines, row(cells))
		for _, b := range line.bounds {
			t.bounds = append(t.bounds, b.judge(line, figures[i]))
		}
	}
}

// judge says whether a bound holds.
func (b bound) judge(l line, figures []float64) string {
	x, of := figures[0], ""
	if b.peer != "" {
		x /= figures[slices.Index(contestants, b.peer)]
		of = " of " + b.peer + "'s"
	}
	verdict := "holds"
	if x > b.most {
		verdict = "DOES NOT HOLD"
	}
	return fmt.Sprintf("%s: %.2f%s, bound %.2f: %s", l.name, x, of, b.most, verdict)
}

func (t *table) print(out io.Writer) error {
	cores := "one core"
	if t.cores > 1 {
		cores = fmt.Sprint(t.cores, " cores")
	}
	head := append([]string{cores}, contestants...)
	lines := []string{"", row(head), strings.Repeat("|---", len(head)) + "|"}
	lines = append(lines, t.lines...)
	lines = append(append(lines, ""), t.bounds...)
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

func row(cells []string) string { return "| " + strings.Join(cells, " | ") + " |" }

func nanoseconds(x float64) string {
	switch d := time.Duration(x); {
	case d < 10*time.Microsecond:
		return fmt.Sprintf("%.0f ns", x)
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.0f µs", x/1e3)
	default:
		return fmt.Sprintf("%.0f ms", x/1e6)
	}
}

func bytes(x float64) string { return fmt.Sprintf("%.0f B", x) }

func count(x float64) string { return fmt.Sprintf("%.0f", x) }

// versions tells what has been measured. Binaries of tests do not know the versions of
// modules.
func versions() string {
	modules := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			modules[m.Path] = m.Version
		}
	}
	var of []string
	for _, path := range []string{"github.com/maypok86/otter/v2", "github.com/viccon/sturdyc", "golang.org/x/sync"} {
		version := modules[path]
		if version == "" {
			version = "of unknown version"
		}
		of = append(of, path+" "+version)
	}
	return fmt.Sprintf("%s\n%s %s/%s, %d CPUs", strings.Join(of, ", "), runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}
