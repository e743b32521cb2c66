// Command commits is put into checkouts of esbuild. It has works over parts of it,
// small ones first, and the whole of it last.
package main

import (
	"fmt"

	"github.com/evanw/esbuild/internal/ast"
	"github.com/evanw/esbuild/internal/config"
	"github.com/evanw/esbuild/internal/css_parser"
	"github.com/evanw/esbuild/internal/css_printer"
	"github.com/evanw/esbuild/internal/helpers"
	"github.com/evanw/esbuild/internal/js_parser"
	"github.com/evanw/esbuild/internal/logger"
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

// Digest hashes text.
//
//workgen:work
type Digest struct{}

func (Digest) Run(text string) uint64 {
	h := xxhash.New()
	h.Write([]byte(text))
	return h.Sum64()
}

// Quote quotes text for JSON.
//
//workgen:work
type Quote struct{}

func (Quote) Run(text string) string { return string(helpers.QuoteForJSON(text, true)) }

// Typo looks for a word that was meant.
//
//workgen:work
type Typo struct{}

func (Typo) Run(words []string, word string) string {
	detector := helpers.MakeTypoDetector(words)
	found, _ := detector.MaybeCorrectTypo(word)
	return found
}

// Segments reads the numbers of a source map.
//
//workgen:work
type Segments struct{}

func (Segments) Run(text string) (numbers []int) {
	for at := 0; at < len(text); {
		n, next := sourcemap.DecodeVLQ([]byte(text), at)
		numbers, at = append(numbers, n), next
	}
	return numbers
}

// JSON tells whether text is JSON, and what is wrong with it.
//
//workgen:work
type JSON struct{}

func (JSON) Run(text string) string {
	log := logger.NewDeferLog(logger.DeferLogNoVerboseOrDebug, nil)
	tree, ok := js_parser.ParseJSON(log, source(text), js_parser.JSONOptions{})
	return fmt.Sprintf("%T %v %s", tree.Data, ok, messages(log))
}

// Style prints CSS.
//
//workgen:work
type Style struct{}

func (Style) Run(text string) string {
	log := logger.NewDeferLog(logger.DeferLogNoVerboseOrDebug, nil)
	tree := css_parser.Parse(log, source(text), css_parser.OptionsFromConfig(config.LoaderCSS, &config.Options{MinifySyntax: true}))
	symbols := ast.NewSymbolMap(1)
	symbols.SymbolsForSource[0] = tree.Symbols
	return string(css_printer.Print(tree, symbols, css_printer.Options{MinifyWhitespace: true}).CSS) + messages(log)
}

// Bundle is all of esbuild that needs no files.
//
//workgen:work
type Bundle struct{}

func (Bundle) Run(text string) string {
	result := api.Build(api.BuildOptions{
		Stdin: &api.StdinOptions{Contents: text, Loader: api.LoaderTSX, Sourcefile: "in.tsx"}, Bundle: true, Format: api.FormatESModule,
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true, Target: api.ES2017, LogLevel: api.LogLevelSilent,
	})
	out := ""
	for _, f := range result.OutputFiles {
		out += string(f.Contents)
	}
	for _, m := range append(result.Errors, result.Warnings...) {
		out += fmt.Sprintf("%s %+v\n", m.Text, m.Location)
	}
	return out
}

func main() {
	digest, quote, typo, segments := NewDigestRunner(&Digest{}, stored), NewQuoteRunner(&Quote{}, stored), NewTypoRunner(&Typo{}, stored), NewSegmentsRunner(&Segments{}, stored)
	json, style, bundle := NewJSONRunner(&JSON{}, stored), NewStyleRunner(&Style{}, stored), NewBundleRunner(&Bundle{}, stored)
	for _, text := range []string{"", "abcdefgh", "a \"quoted\" text\n\u00e9\U0001f600"} {
		call("Digest", text, digest.Key(text), func() (uint64, error) { return digest.Run(ctx, text) })
		call("Quote", text, quote.Key(text), func() (string, error) { return quote.Run(ctx, text) })
	}
	words := []string{"bundle", "minify", "platform"}
	for _, word := range []string{"bundel", "minfy", "else"} {
		call("Typo", word, typo.Key(words, word), func() (string, error) { return typo.Run(ctx, words, word) })
	}
	for _, text := range []string{"AACA", "gBC", "2HwcqxB"} {
		call("Segments", text, segments.Key(text), func() ([]int, error) { return segments.Run(ctx, text) })
	}
	for _, text := range []string{`{"a": [1, 2.5, "x", null, true]}`, `{"a": }`, `[1, 2,]`} {
		call("JSON", text, json.Key(text), func() (string, error) { return json.Run(ctx, text) })
	}
	for _, text := range []string{
		`a:hover > b ~ c + d { color: #ff0000; background: rgba(0, 10%, 20, .5); margin: 0px 0px 0px 0px; inset: 1px 2px }`,
		`@layer base { .a { .b & { color: hsl(120deg 100% 50% / 0.5) } &:is(.c, .d) { color: oklch(50% .1 20) } } }`, `a { color: red; color: ; b { } } }`,
	} {
		call("Style", text, style.Key(text), func() (string, error) { return style.Run(ctx, text) })
	}
	for _, text := range []string{
		`enum E { A, B = 5, C } export class K { #p = E.C; get q() { return this.#p?.toString() ?? "none" } static async *r() { for await (const x of []) yield x } }`,
		`const el = <div className="a" {...props} key={1}>text &amp; {value}</div>; let a = 1; let a = 2`, `import x from "nowhere"; export const {p, ...q} = x; if (1) p(); else q()`,
	} {
		call("Bundle", text, bundle.Key(text), func() (string, error) { return bundle.Run(ctx, text) })
	}
	tell()
}
