// Command mutated is put into a checkout of esbuild. It has a few works over parts of
// it, calls each with some inputs, and prints keys and results for a test to compare.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/evanw/esbuild/internal/ast"
	"github.com/evanw/esbuild/internal/config"
	"github.com/evanw/esbuild/internal/css_parser"
	"github.com/evanw/esbuild/internal/css_printer"
	"github.com/evanw/esbuild/internal/js_parser"
	"github.com/evanw/esbuild/internal/js_printer"
	"github.com/evanw/esbuild/internal/logger"
	"github.com/evanw/esbuild/internal/renamer"
	"github.com/evanw/esbuild/internal/sourcemap"
	"github.com/evanw/esbuild/internal/xxhash"
	"github.com/evanw/esbuild/pkg/api"
)

// source is what a parser is given.
func source(text string) logger.Source {
	return logger.Source{Contents: text, KeyPath: logger.Path{Text: "<stdin>"}, IdentifierName: "stdin"}
}

// messages prints what a parser has to say.
func messages(log logger.Log) (out string) {
	for _, m := range log.Done() {
		out += m.String(logger.OutputOptions{}, logger.TerminalInfo{})
	}
	return out
}

// Style prints CSS.
//
//workgen:work
type Style struct{}

func (Style) Run(text string, minify bool) string {
	log := logger.NewDeferLog(logger.DeferLogNoVerboseOrDebug, nil)
	tree := css_parser.Parse(log, source(text), css_parser.OptionsFromConfig(config.LoaderCSS, &config.Options{MinifySyntax: minify, MinifyWhitespace: minify}))
	symbols := ast.NewSymbolMap(1)
	symbols.SymbolsForSource[0] = tree.Symbols
	result := css_printer.Print(tree, symbols, css_printer.Options{MinifyWhitespace: minify})
	return string(result.CSS) + messages(log)
}

// Script prints JavaScript.
//
//workgen:work
type Script struct{}

func (Script) Run(text string, typed, minify bool) string {
	log := logger.NewDeferLog(logger.DeferLogNoVerboseOrDebug, nil)
	tree, ok := js_parser.Parse(log, source(text), js_parser.OptionsFromConfig(&config.Options{
		MinifySyntax: minify, MinifyWhitespace: minify, TS: config.TSOptions{Parse: typed},
	}))
	if !ok {
		return messages(log)
	}
	symbols := ast.NewSymbolMap(1)
	symbols.SymbolsForSource[0] = tree.Symbols
	result := js_printer.Print(tree, symbols, renamer.NewNoOpRenamer(symbols), js_printer.Options{MinifySyntax: minify, MinifyWhitespace: minify})
	return string(result.JS) + messages(log)
}

// Digest hashes text.
//
//workgen:work
type Digest struct{}

func (Digest) Run(text string) uint64 {
	h := xxhash.New()
	h.Write([]byte(text))
	return h.Sum64()
}

// Segments reads the numbers of a source map.
//
//workgen:work
type Segments struct{}

func (Segments) Run(text string) (numbers []int) {
	for at := 0; at < len(text); {
		n, next, ok := sourcemap.DecodeVLQUTF16([]uint16{uint16(text[at]), 'A'})
		if !ok || next == 0 {
			return append(numbers, -1)
		}
		numbers, at = append(numbers, int(n)), at+1
	}
	return numbers
}

// Transform is all of esbuild that needs no files.
//
//workgen:work
type Transform struct{}

func (Transform) Run(text, loader string) string {
	kinds := map[string]api.Loader{"js": api.LoaderJS, "tsx": api.LoaderTSX, "css": api.LoaderCSS, "json": api.LoaderJSON}
	result := api.Transform(text, api.TransformOptions{
		Loader: kinds[loader], MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, Target: api.ES2017, Sourcemap: api.SourceMapInline,
	})
	out := string(result.Code)
	for _, m := range append(result.Errors, result.Warnings...) {
		out += fmt.Sprintf("%s %+v\n", m.Text, m.Location)
	}
	return out
}

// A Call is one call of a work: what its key is, and what it returns now.
type Call struct{ Work, Input, Key, Result string }

// body runs the body of a work, which a change may have broken.
func body(run func() any) (result string) {
	done := make(chan string, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Sprint("panic: ", p)
			}
		}()
		done <- fmt.Sprint(run())
	}()
	select {
	case result = <-done:
		return result
	case <-time.After(5 * time.Second):
		return "does not end"
	}
}

func main() {
	var calls []Call
	call := func(work, input string, key fmt.Stringer, run func() any) {
		calls = append(calls, Call{work, input, key.String(), body(run)})
	}
	style, script, digest := NewStyleRunner(&Style{}), NewScriptRunner(&Script{}), NewDigestRunner(&Digest{})
	segments, transform := NewSegmentsRunner(&Segments{}), NewTransformRunner(&Transform{})
	for _, minify := range []bool{false, true} {
		for i, text := range styles {
			call("Style", fmt.Sprint(i, minify), style.Key(text, minify), func() any { return Style{}.Run(text, minify) })
		}
		for i, text := range scripts {
			call("Script", fmt.Sprint(i, minify), script.Key(text, i >= typed, minify), func() any { return Script{}.Run(text, i >= typed, minify) })
		}
	}
	for _, text := range []string{"", "a", "abcdefgh", styles[0], scripts[0]} {
		call("Digest", text[:min(len(text), 8)], digest.Key(text), func() any { return Digest{}.Run(text) })
	}
	for _, text := range []string{"AACA", "gB", "9", "!"} {
		call("Segments", text, segments.Key(text), func() any { return Segments{}.Run(text) })
	}
	for _, of := range []struct {
		loader string
		texts  []string
	}{
		{"css", styles}, {"js", scripts[:typed]}, {"tsx", scripts[typed:]}, {"json", []string{`{"a": [1, 2.5, "x", null, true]}`, `{"a": }`}},
	} {
		for i, text := range of.texts {
			call("Transform", fmt.Sprint(of.loader, i), transform.Key(text, of.loader), func() any { return Transform{}.Run(text, of.loader) })
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(calls); err != nil {
		panic(err)
	}
}
