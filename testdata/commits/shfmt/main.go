// Command commits is put into checkouts of shfmt. It has works over parts of it, small
// ones first, and the whole of it last.
package main

import (
	"bytes"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
	"mvdan.cc/sh/v3/syntax/typedjson"
)

// Pattern tells whether a word is a pattern, and what it is if it is none.
//
//workgen:work
type Pattern struct{}

func (Pattern) Run(word string) string {
	return fmt.Sprint(pattern.HasMeta(word, 0), pattern.QuoteMeta(word, 0))
}

// Quote quotes a word.
//
//workgen:work
type Quote struct{}

func (Quote) Run(word string) (string, error) { return syntax.Quote(word, syntax.LangBash) }

// Braces expands the braces of the first word of a script.
//
//workgen:work
type Braces struct{}

func (Braces) Run(script string) (string, error) {
	var all []string
	err := syntax.NewParser().Words(strings.NewReader(script), func(w *syntax.Word) bool {
		syntax.SplitBraces(w)
		for _, w := range expand.Braces(w) {
			all = append(all, w.Lit())
		}
		return false
	})
	return fmt.Sprint(all), err
}

// Tree prints the tree of a script as JSON.
//
//workgen:work
type Tree struct{}

func (Tree) Run(script string) (string, error) {
	f, err := syntax.NewParser().Parse(strings.NewReader(script), "")
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = typedjson.Encode(&b, f)
	return b.String(), err
}

// Format is all of shfmt that needs no files.
//
//workgen:work
type Format struct{}

func (Format) Run(script string) (string, error) {
	f, err := syntax.NewParser(syntax.KeepComments(true)).Parse(strings.NewReader(script), "")
	if err != nil {
		return "", err
	}
	syntax.Simplify(f)
	var b bytes.Buffer
	err = syntax.NewPrinter(syntax.Indent(2), syntax.BinaryNextLine(true)).Print(&b, f)
	return b.String(), err
}

func main() {
	patterns, quote, braces := NewPatternRunner(&Pattern{}, stored), NewQuoteRunner(&Quote{}, stored), NewBracesRunner(&Braces{}, stored)
	tree, format := NewTreeRunner(&Tree{}, stored), NewFormatRunner(&Format{}, stored)
	for _, word := range []string{"a", "a*b", `\*[x]`, "it's", "new\nline", "ü"} {
		call("Pattern", word, patterns.Key(word), func() (string, error) { return patterns.Run(ctx, word) })
		call("Quote", word, quote.Key(word), func() (string, error) { return quote.Run(ctx, word) })
	}
	for _, script := range []string{"a{b,c}d", "{1..5}", "{a..c}x{1,2}", "plain"} {
		call("Braces", script, braces.Key(script), func() (string, error) { return braces.Run(ctx, script) })
	}
	for i, script := range []string{
		"foo  &&bar||  baz # comment\n", "if [ \"$a\" = b ];then\n echo $((1+2));fi\n", "while read -r x;do echo \"${x%%.*}\";done<<EOF\na\nEOF\n",
		"f(){ case $1 in a|b)  x=1;;*)y=(1 2 3) ;; esac;}\n", "echo $(\n", "",
	} {
		input := fmt.Sprint(i)
		call("Tree", input, tree.Key(script), func() (string, error) { return tree.Run(ctx, script) })
		call("Format", input, format.Key(script), func() (string, error) { return format.Run(ctx, script) })
	}
	tell()
}
