// Command commits is put into checkouts of fzf. It has works over parts of it, small
// ones first, and the whole of it last.
package main

import (
	"fmt"
	"strings"

	fzf "github.com/junegunn/fzf/src"
	"github.com/junegunn/fzf/src/algo"
	"github.com/junegunn/fzf/src/util"
)

// The linker sets these, as it does those of fzf.
var version, revision = "0.1", "devel"

// Newer compares two versions.
//
//workgen:work
type Newer struct{}

func (Newer) Run(a, b string) int { return util.CompareVersions(a, b) }

// Width is the number of columns that text takes.
//
//workgen:work
type Width struct{}

func (Width) Run(text string) int { return util.StringWidth(text) }

// Range parses a range of fields.
//
//workgen:work
type Range struct{}

func (Range) Run(text string) string {
	r, ok := fzf.ParseRange(&text)
	return fmt.Sprint(r, ok)
}

// Fields splits text into fields.
//
//workgen:work
type Fields struct{}

func (Fields) Run(text string) string {
	return fmt.Sprint(fzf.JoinTokens(fzf.Tokenize(text, fzf.Delimiter{})))
}

// Match matches a pattern.
//
//workgen:work
type Match struct{}

func (Match) Run(text, pattern string) (out string) {
	chars := util.ToChars([]byte(text))
	for _, match := range []algo.Algo{algo.FuzzyMatchV1, algo.FuzzyMatchV2, algo.ExactMatchNaive, algo.PrefixMatch} {
		result, positions := match(false, true, true, &chars, []rune(pattern), true, nil)
		if positions != nil {
			out += fmt.Sprint(*positions)
		}
		out += fmt.Sprintf("%+v\n", result)
	}
	return out
}

// Options parses a command line.
//
//workgen:work
type Options struct{}

func (Options) Run(line string) string {
	o, err := fzf.ParseOptions(false, strings.Fields(line))
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(o.Fuzzy, o.Extended, o.Case, o.Nth, o.Sort, o.Multi, o.Query, o.Prompt, o.Header)
}

// Filter is all of fzf that needs no terminal.
//
//workgen:work
type Filter struct{}

func (Filter) Run(lines, line string) string {
	o, err := fzf.ParseOptions(false, strings.Fields(line))
	if err != nil {
		return err.Error()
	}
	o.Input = make(chan string)
	go func() {
		defer close(o.Input)
		for line := range strings.Lines(lines) {
			o.Input <- strings.TrimSpace(line)
		}
	}()
	var out []string
	o.Printer = func(text string) { out = append(out, text) }
	code, err := fzf.Run(o)
	return fmt.Sprint(out, code, err)
}

func main() {
	newer, width, range_, fields := NewNewerRunner(&Newer{}, stored), NewWidthRunner(&Width{}, stored), NewRangeRunner(&Range{}, stored), NewFieldsRunner(&Fields{}, stored)
	match, options, filter := NewMatchRunner(&Match{}, stored), NewOptionsRunner(&Options{}, stored), NewFilterRunner(&Filter{}, stored)
	for _, v := range []string{"0.9", "1.2.3", "1.10"} {
		call("Newer", v, newer.Key(v, "1.2"), func() (int, error) { return newer.Run(ctx, v, "1.2") })
	}
	for _, text := range []string{"", "abc", "a\u0301\u4e16\u754c\U0001f600"} {
		call("Width", text, width.Key(text), func() (int, error) { return width.Run(ctx, text) })
	}
	for _, text := range []string{"..", "1..3", "-1", "x"} {
		call("Range", text, range_.Key(text), func() (string, error) { return range_.Run(ctx, text) })
	}
	for _, text := range []string{"", "  a b\tc", "one,two three"} {
		call("Fields", text, fields.Key(text), func() (string, error) { return fields.Run(ctx, text) })
	}
	for _, pattern := range []string{"a", "oz", "fbb", "\u00e9", "\u65e5\u672c"} {
		text := "foo-bar-baz/Fooz\u00c9t\u00e9 \u65e5\u672c\u8a9e"
		call("Match", pattern, match.Key(text, pattern), func() (string, error) { return match.Run(ctx, text, pattern) })
	}
	for _, line := range []string{"", "--multi --query=x --nth=1,3.. --no-sort", "-e +i --prompt=? --header=h", "--nonsense"} {
		call("Options", line, options.Key(line), func() (string, error) { return options.Run(ctx, line) })
	}
	lines := "src/core.go\nsrc/options.go\nREADME.md\nsrc/algo/algo.go\nman/man1/fzf.1\n"
	for _, line := range []string{"--filter=go", "--filter=!go", "-e --filter=^src --tac", "--filter=ag --nth=2 --delimiter=/", "--filter="} {
		call("Filter", line, filter.Key(lines, line), func() (string, error) { return filter.Run(ctx, lines, line) })
	}
	_, _ = version, revision
	tell()
}
