package main

import (
	"encoding/json"
	"io"

	"github.com/workgen/workgen/generator/diag"
)

// A report is what -json prints: one object for one run. Its fields are
// documented with the command, and are always there; lists are never null.
type report struct {
	Diagnostics []jsonDiagnostic `json:"diagnostics"`
	Files       []jsonFile       `json:"files"`
	Works       []*jsonWork      `json:"works,omitempty"` // of explain
	// Error is why workgen could not do its work, "" when it could.
	Error string `json:"error"`
}

// A jsonPosition is a place in a file; what is not known is zero.
type jsonPosition struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

type jsonDiagnostic struct {
	jsonPosition
	Severity string     `json:"severity"`
	Work     string     `json:"work"`
	Message  string     `json:"message"`
	Path     []jsonStep `json:"path"`
	Fix      string     `json:"fix"`
}

type jsonStep struct {
	Expr string `json:"expr"`
	Type string `json:"type"`
	jsonPosition
}

type jsonFile struct {
	File  string `json:"file"`
	State string `json:"state"`
	Diff  string `json:"diff"`
}

// diagnostics adds what is on the list, sorted, with file names relative to dir.
func (r *report) diagnostics(list *diag.List, dir string) {
	r.Diagnostics = append(r.Diagnostics, jsonDiagnostics(list, dir)...)
}

func jsonDiagnostics(list *diag.List, dir string) []jsonDiagnostic {
	all := []jsonDiagnostic{}
	for _, d := range list.Sorted(dir) {
		out := jsonDiagnostic{
			jsonPosition: newPosition(d), Severity: severity(d),
			Work: d.Work, Message: d.Message, Path: []jsonStep{}, Fix: d.Fix,
		}
		for _, s := range d.Path {
			out.Path = append(out.Path, jsonStep{s.Expr, s.Type, jsonPosition{s.Pos.Filename, s.Pos.Line, s.Pos.Column}})
		}
		all = append(all, out)
	}
	return all
}

// file adds a generated file.
func (r *report) file(name, state string, diff []byte) {
	r.Files = append(r.Files, jsonFile{name, state, string(diff)})
}

func newPosition(d diag.Diagnostic) jsonPosition {
	return jsonPosition{d.Pos.Filename, d.Pos.Line, d.Pos.Column}
}

// severity names how bad a diagnostic is.
func severity(d diag.Diagnostic) string {
	if d.Warning {
		return "warning"
	}
	return "error"
}

// write prints the report.
func (r *report) write(w io.Writer) error {
	if r.Diagnostics == nil {
		r.Diagnostics = []jsonDiagnostic{}
	}
	if r.Files == nil {
		r.Files = []jsonFile{}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // types have <- in them
	e.SetIndent("", "\t")
	return e.Encode(r)
}
