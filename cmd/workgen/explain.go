package main

import (
	"cmp"
	"fmt"
	"go/token"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/diag"
)

const explainHelp = `Explain says of a work which inputs are in its keys and what is left out, what
else is in the keys of a store, why results can be stored or not, whether
workers elsewhere can execute it, what was warned of and what a
//workgen:allow silences, and which code Run reaches.

A work is named by its type, alone or behind its package: Report, daily.Report,
example.com/m/daily.Report. Packages are named as for go build; the default is
all below the current directory. Nothing is written.

The exit status is 1 when the work has problems or there is none of that name.`

const explainExample = `  workgen explain Report
  workgen explain daily.Report ./internal/...`

// explain prints what there is to say about the works of one name.
func (c *runner) explain(cmd *cobra.Command, args []string) error {
	return c.reported(func() error {
		dir, err := os.Getwd()
		if err != nil {
			return err
		}
		patterns := args[1:]
		if len(patterns) == 0 {
			patterns = []string{"./..."}
		}
		result, works, err := generator.Explain(cmd.Context(), generator.Config{
			Dir: dir, Patterns: patterns, Tags: c.tags, Log: c.log,
		}, args[0])
		if err != nil {
			return err
		}
		if len(works) == 0 {
			if err := c.diagnostics(result.Diagnostics, dir); err != nil {
				return err
			}
			return fmt.Errorf("no work is called %s in %s: name its type, as Report or daily.Report", args[0], strings.Join(patterns, " "))
		}
		failed := false
		for i, w := range works {
			out := newExplanation(w, dir)
			c.report.Works = append(c.report.Works, out)
			if !c.json {
				if i > 0 {
					c.print("\n")
				}
				out.print(c.stdout)
			}
			for _, d := range w.Problems {
				failed = failed || c.strict.fails(d)
			}
		}
		if failed {
			return exitDiagnostics
		}
		return nil
	})
}

// A jsonWork is the explanation of a work.
type jsonWork struct {
	Name string `json:"name"`
	Type string `json:"type"`
	jsonPosition
	Inputs   []jsonInput      `json:"inputs"`
	Left     []jsonInput      `json:"left"`
	Stored   []jsonPart       `json:"stored"`
	Memory   []string         `json:"memory"`
	Local    []string         `json:"local"`
	Problems []jsonDiagnostic `json:"problems"`
	Allowed  []jsonAllowed    `json:"allowed"`
	Reached  []string         `json:"reached"`
}

type jsonInput struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Note string `json:"note"`
	jsonPosition
}

type jsonPart struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type jsonAllowed struct {
	Kind string `json:"kind"`
	What string `json:"what"`
	Why  string `json:"why"`
	jsonPosition
}

// newExplanation is e with file names relative to dir.
func newExplanation(e *generator.Explanation, dir string) *jsonWork {
	at := func(p token.Position) jsonPosition {
		return jsonPosition{diag.Rel(dir, p.Filename), p.Line, p.Column}
	}
	w := &jsonWork{
		Name: e.Name, Type: e.Type, jsonPosition: at(e.Pos),
		Inputs: []jsonInput{}, Left: []jsonInput{}, Stored: []jsonPart{}, Allowed: []jsonAllowed{},
		Memory: append([]string{}, e.Memory...), Local: append([]string{}, e.Local...), Reached: append([]string{}, e.Reached...),
	}
	for _, in := range e.Inputs {
		w.Inputs = append(w.Inputs, jsonInput{in.Name, in.Type, in.Note, at(in.Pos)})
	}
	for _, in := range e.Left {
		w.Left = append(w.Left, jsonInput{in.Name, in.Type, in.Note, at(in.Pos)})
	}
	for _, p := range e.Stored {
		w.Stored = append(w.Stored, jsonPart(p))
	}
	for _, a := range e.Allowed {
		w.Allowed = append(w.Allowed, jsonAllowed{string(a.Kind), a.What, a.Why, at(a.Pos)})
	}
	list := new(diag.List)
	for _, d := range e.Problems {
		list.Add(d)
	}
	w.Problems = jsonDiagnostics(list, dir)
	return w
}

// print writes the explanation for people.
func (w *jsonWork) print(out io.Writer) {
	fmt.Fprintf(out, "work %s  %s\n", w.Type, w.jsonPosition)
	printRows(out, "in every key", "nothing: all calls are equal", len(w.Inputs), func(i int) string { return w.Inputs[i].row() })
	printRows(out, "in no key", "", len(w.Left), func(i int) string { return w.Left[i].row() })
	if len(w.Memory) > 0 {
		printRows(out, "results are not stored", "", len(w.Memory), func(i int) string { return w.Memory[i] })
	}
	printRows(out, "also in the keys of a store", "", len(w.Stored), func(i int) string { return w.Stored[i].Name + "\t" + w.Stored[i].Value })
	if len(w.Local) == 0 {
		printRows(out, "executed by workers elsewhere", "yes", 0, nil)
	}
	printRows(out, "not executed by workers elsewhere", "", len(w.Local), func(i int) string { return w.Local[i] })
	printRows(out, "problems", "", len(w.Problems), func(i int) string {
		p := w.Problems[i]
		return p.Severity + "\t" + p.Message + "\t" + p.jsonPosition.String()
	})
	printRows(out, "allowed", "", len(w.Allowed), func(i int) string {
		a := w.Allowed[i]
		return a.Kind + "\t" + a.What + "\t" + a.Why + "\t" + a.jsonPosition.String()
	})
	reached := byPackage(w.Reached)
	printRows(out, "reached by Run", "", len(reached), func(i int) string { return reached[i] })
}

// printRows prints a heading and its rows, whose cells are separated by tabs; of no rows
// it prints empty, or nothing.
func printRows(out io.Writer, heading, empty string, n int, row func(i int) string) {
	if n == 0 && empty == "" {
		return
	}
	fmt.Fprintf(out, "\n%s:\n", heading)
	if n == 0 {
		fmt.Fprintf(out, "  %s\n", empty)
		return
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i := range n {
		fmt.Fprintln(t, "  "+row(i))
	}
	t.Flush()
}

func (in jsonInput) row() string {
	return strings.TrimRight(in.Name+"\t"+cmp.Or(in.Type, "-")+"\t"+in.jsonPosition.String()+"\t"+in.Note, "\t")
}

func (p jsonPosition) String() string {
	return token.Position{Filename: p.File, Line: p.Line, Column: p.Column}.String()
}

// byPackage joins the names of a package into one row; what is no declaration stays
// a row of its own.
func byPackage(names []string) (rows []string) {
	last := ""
	for _, name := range names {
		i := strings.LastIndexByte(name, '/') + 1
		dot := strings.IndexByte(name[i:], '.')
		if dot < 0 || strings.Contains(name, " ") {
			rows, last = append(rows, name), ""
			continue
		}
		pkg, decl := name[:i+dot], name[i+dot+1:]
		if pkg == last {
			rows[len(rows)-1] += ", " + decl
			continue
		}
		rows, last = append(rows, pkg+"\t"+decl), pkg
	}
	return rows
}
