// Command commits is put into checkouts of gojq. It has works over parts of it, small
// ones first, and the whole of it last.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/itchyny/gojq"
	"github.com/itchyny/gojq/cli"
)

// value parses JSON.
func value(text string) (v any) {
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err)
	}
	return v
}

// Kind is the type of a value.
//
//workgen:work
type Kind struct{}

func (Kind) Run(text string) string { return gojq.TypeOf(value(text)) }

// Order compares two values.
//
//workgen:work
type Order struct{}

func (Order) Run(a, b string) int { return gojq.Compare(value(a), value(b)) }

// Print prints a value.
//
//workgen:work
type Print struct{}

func (Print) Run(text string) (string, error) {
	out, err := gojq.Marshal(value(text))
	return string(out), err
}

// Preview prints the beginning of a value.
//
//workgen:work
type Preview struct{}

func (Preview) Run(text string) string { return gojq.Preview(value(text)) }

// Parse parses a query.
//
//workgen:work
type Parse struct{}

func (Parse) Run(query string) string {
	q, err := gojq.Parse(query)
	return fmt.Sprint(q, err)
}

// Evaluate executes a query.
//
//workgen:work
type Evaluate struct{}

func (Evaluate) Run(query, input string) (out string) {
	q, err := gojq.Parse(query)
	if err != nil {
		return err.Error()
	}
	code, err := gojq.Compile(q)
	if err != nil {
		return err.Error()
	}
	results := code.Run(value(input))
	for range 20 {
		v, ok := results.Next()
		if !ok {
			break
		}
		out += fmt.Sprintln(v)
	}
	return out
}

// Command is all of gojq.
//
//workgen:work
type Command struct{}

func (Command) Run(args []string, input string) (string, error) {
	files := [3]*os.File{}
	for i := range files {
		f, err := os.CreateTemp("", "")
		if err != nil {
			return "", err
		}
		defer os.Remove(f.Name())
		defer f.Close()
		files[i] = f
	}
	if _, err := files[0].WriteString(input); err != nil {
		return "", err
	}
	if _, err := files[0].Seek(0, 0); err != nil {
		return "", err
	}
	in, out, said, before := os.Stdin, os.Stdout, os.Stderr, os.Args
	os.Stdin, os.Stdout, os.Stderr, os.Args = files[0], files[1], files[2], append([]string{"gojq"}, args...)
	code := cli.Run()
	os.Stdin, os.Stdout, os.Stderr, os.Args = in, out, said, before
	result := fmt.Sprintln(code)
	for _, f := range files[1:] {
		text, err := os.ReadFile(f.Name())
		if err != nil {
			return "", err
		}
		result += string(text)
	}
	return result, nil
}

func main() {
	kind, order, print, preview := NewKindRunner(&Kind{}, stored), NewOrderRunner(&Order{}, stored), NewPrintRunner(&Print{}, stored), NewPreviewRunner(&Preview{}, stored)
	parse, evaluate, command := NewParseRunner(&Parse{}, stored), NewEvaluateRunner(&Evaluate{}, stored), NewCommandRunner(&Command{}, stored)
	for _, text := range []string{"null", `"a\u0000\ud83d\ude00</"`, "-0.1e-7", "1e1000000000", `[1,2.50,{"b":[],"a":{}}]`, `"long long long long long long long long text"`} {
		if json.Unmarshal([]byte(text), new(any)) != nil {
			continue
		}
		call("Kind", text, kind.Key(text), func() (string, error) { return kind.Run(ctx, text) })
		call("Order", text, order.Key(text, "[1]"), func() (int, error) { return order.Run(ctx, text, "[1]") })
		call("Print", text, print.Key(text), func() (string, error) { return print.Run(ctx, text) })
		call("Preview", text, preview.Key(text), func() (string, error) { return preview.Run(ctx, text) })
	}
	const input = `{"a": [3, 1, 2], "b": {"c": "x,y"}, "t": 1425599621}`
	for _, query := range []string{
		".", ".a | sort | map(. * 2) | add", ".b.c / \",\" | join(\"-\")", "[limit(3; range(10))] | @base64", "reduce .a[] as $x (0; . + $x)",
		"paths", "to_entries[] | select(.key != \"t\")", "try error(\"x\") catch .", "path(..)", ".t | todate", "[.a[] | tostring] | ascii", ".a |= reverse", "@sh \"\\(.b.c)\"",
		"def f: if . > 1 then . - 1 | f else . end; 5 | f", ".b.c | test(\"^x\")", "splits(\"x\")", "{a, b: .b.c} | keys", ".[", "nothing", "$__loc__", "ltrimstr(1), abs?, toarray?",
	} {
		call("Parse", query, parse.Key(query), func() (string, error) { return parse.Run(ctx, query) })
		call("Evaluate", query, evaluate.Key(query, input), func() (string, error) { return evaluate.Run(ctx, query, input) })
	}
	for _, args := range [][]string{{"."}, {"-c", ".a"}, {"-r", ".b.c"}, {"--yaml-output", "."}, {"--arg", "x", "1", "$x"}, {"-n", "[inputs]"}, {"--nonsense"}} {
		call("Command", fmt.Sprint(args), command.Key(args, input), func() (string, error) { return command.Run(ctx, args, input) })
	}
	tell()
}
