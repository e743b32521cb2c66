package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/codec"
)

func (c *inspector) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show key...",
		Short: "Print all that is kept of calls, and small results",
		Long:  showHelp, Example: showExample,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, keys []string) error {
			return c.with(func(s store.Administrator) error {
				for i, k := range keys {
					r, err := findKey(cmd.Context(), s, k, "")
					if err != nil {
						return err
					}
					if i > 0 && !c.json {
						fmt.Fprintln(c.stdout)
					}
					if err := c.show(cmd.Context(), s, &r); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// A shown is what show prints with -json.
type shown struct {
	recordJSON
	Symbols  []string `json:"symbols,omitempty"`
	Build    []string `json:"build,omitempty"`
	Result   string   `json:"result,omitempty"`   // in CBOR's diagnostic notation
	NoResult string   `json:"noResult,omitempty"` // why Result is empty
}

func (c *inspector) show(ctx context.Context, s store.Administrator, r *store.Record) error {
	result, err := resultText(ctx, s, r)
	if c.json {
		j := shown{recordJSON: toJSON(r), Result: result, Symbols: symbolLines(r.Symbols), Build: symbolLines(r.Build)}
		if err != nil {
			j.NoResult = err.Error()
		}
		return c.object(j)
	}
	t := table(c.stdout)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, value)
		}
	}
	line("key", r.Key.String())
	line("work", clean(r.Work))
	line("status", statusText(r))
	line("schema", clean(r.Schema))
	line("code", codeText(r))
	for i, ingredient := range symbolLines(r.Build) {
		line([]string{"build", ""}[min(i, 1)], clean(ingredient))
	}
	if r.Origin != (store.Origin{}) {
		line("origin", clean(r.Origin.String()))
	}
	line("requested", timeText(r.Requested))
	line("started", timeText(r.Started))
	line("finished", timeText(r.Finished))
	line("took", tookText(r))
	line("attempts", strconv.Itoa(r.Attempts))
	line("expires", timeText(r.Expires))
	if r.Status == store.Succeeded {
		line("size", bytesText(r.Size))
	}
	line("hits", strconv.FormatInt(r.Hits, 10))
	line("used", timeText(r.Used))
	line("error", clean(r.Error))
	if r.Earlier.Status != 0 {
		line("before", strings.TrimSpace(r.Earlier.Status.String()+" "+timeText(r.Earlier.At)+" "+clean(r.Earlier.Error)))
	}
	for i, a := range r.Args {
		line([]string{"arguments", ""}[min(i, 1)], clean(a.Name)+" "+clean(a.Type)+" = "+argText(a))
	}
	if err != nil {
		line("result", "("+clean(err.Error())+")")
	} else {
		line("result", clean(result))
	}
	return t.Flush()
}

func statusText(r *store.Record) string {
	if r.Gone.IsZero() {
		return r.Status.String()
	}
	return r.Status.String() + " " + timeText(r.Gone)
}

func codeText(r *store.Record) string {
	switch n := len(symbolLines(r.Symbols)); {
	case r.Code == "" || n == 0:
		return clean(r.Code)
	case n == 1:
		return clean(r.Code) + ", made from one symbol"
	default:
		return fmt.Sprintf("%s, made from %d symbols", clean(r.Code), n)
	}
}

func symbolLines(symbols string) []string {
	return slices.DeleteFunc(strings.Split(symbols, "\n"), func(line string) bool { return line == "" })
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	text := t.Local().Format("2006-01-02 15:04:05.000 MST")
	if t.After(time.Now()) {
		return text
	}
	return text + ", " + ageText(t) + " ago"
}

// shownBytes is up to how many bytes a result is printed.
const shownBytes = 16 << 10

// resultText returns the result of a call in the diagnostic notation of CBOR, or why
// it is not printed.
func resultText(ctx context.Context, s store.Administrator, r *store.Record) (string, error) {
	if r.Status.Failure() || r.Status.Gone() && !r.Gone.IsZero() {
		return "", errors.New("there is none")
	}
	if slices.ContainsFunc(r.Args, func(a store.Arg) bool { return a.Secret }) {
		return "", errors.New("not printed: the call has secret inputs")
	}
	if r.Size > shownBytes {
		return "", errors.New("not printed: it is large")
	}
	e, err := s.Peek(ctx, r.Ref)
	if errors.Is(err, store.ErrNotFound) {
		return "", errors.New("there is none")
	}
	if err != nil {
		return "", err
	}
	defer e.Close()
	data, err := io.ReadAll(e)
	if err != nil {
		return "", err
	}
	_, value, err := codec.Header(data)
	if err != nil {
		return "", fmt.Errorf("not printed: it %w", err)
	}
	text, err := cbor.Diagnose(value)
	if err != nil {
		return "", fmt.Errorf("not printed: %w", err)
	}
	return text, nil
}
