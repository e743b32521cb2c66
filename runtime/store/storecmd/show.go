package storecmd

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
	var limit int
	cmd := &cobra.Command{
		Use:   "show work|key...",
		Short: "Print all that is kept of calls, their earlier executions, and small results",
		Long:  showHelp, Example: c.examples(showExample),
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, words []string) error {
			if limit < 0 {
				return fmt.Errorf("-limit %d: give 0 for no limit", limit)
			}
			return c.look(cmd.Context(), func(s store.Administrator) error {
				for i, word := range words {
					r, err := c.call(cmd.Context(), s, word)
					if err != nil {
						return err
					}
					if i > 0 && !c.json {
						fmt.Fprintln(c.stdout)
					}
					if err := c.show(cmd.Context(), s, &r, limit); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 10, "the `number` of earlier executions that are printed at most; 0: all")
	return cmd
}

// A shown is what show prints with -json: a call, as its newest execution.
type shown struct {
	executionJSON
	Symbols  []string        `json:"symbols,omitempty"`
	Build    []string        `json:"build,omitempty"`
	Result   string          `json:"result,omitempty"`   // in CBOR's diagnostic notation
	NoResult string          `json:"noResult,omitempty"` // why Result is empty
	Earlier  []executionJSON `json:"earlier,omitempty"`  // executions, the newest first
	More     bool            `json:"more,omitempty"`     // there are earlier ones than these
}

// show prints a call, of which r is the newest execution, and up to limit earlier ones.
func (c *inspector) show(ctx context.Context, s store.Administrator, r *store.Record, limit int) error {
	var earlier []store.Record
	f := store.Filter{Work: r.Work, Prefix: r.Key.String(), Before: r.Seq, Limit: limit}
	_, more, err := list(ctx, s, f, func(_ int, r *store.Record) error {
		earlier = append(earlier, *r)
		return nil
	})
	if err != nil {
		return err
	}
	result, err := resultText(ctx, s, r)
	if c.json {
		j := shown{executionJSON: toJSON(r), Result: result, Symbols: symbolLines(r.Symbols), Build: symbolLines(r.Build), More: more}
		if err != nil {
			j.NoResult = err.Error()
		}
		for i := range earlier {
			j.Earlier = append(j.Earlier, toJSON(&earlier[i]))
		}
		return c.object(j)
	}
	if err != nil {
		result = "(" + err.Error() + ")"
	}
	if err := c.showNewest(r, result); err != nil {
		return err
	}
	return c.showEarlier(earlier, more)
}

// showNewest prints a call as its newest execution.
func (c *inspector) showNewest(r *store.Record, result string) error {
	t := table(c.stdout)
	line := func(name string, values ...string) {
		for _, value := range values {
			if value = clean(value); value != "" {
				fmt.Fprintf(t, "%s\t%s\n", name, value)
				name = ""
			}
		}
	}
	line("key", r.Key.String())
	line("work", r.Work)
	line("status", statusText(r))
	line("schema", r.Schema)
	line("code", codeText(r))
	line("build", symbolLines(r.Build)...)
	if r.Origin != (store.Origin{}) {
		line("origin", r.Origin.String())
	}
	line("writer", r.Writer)
	line("requested", timeText(r.Requested))
	line("started", timeText(r.Started))
	if r.Status == store.Lost {
		line("lost", timeText(r.Finished)) // or found to be
	} else {
		line("finished", timeText(r.Finished))
	}
	if took := tookText(r); took != "-" {
		line("took", took)
	}
	line("progress", progressText(&r.Progress))
	line("attempt", strconv.Itoa(r.Attempt))
	line("retry", timeText(r.Retry))
	if r.Status == store.Succeeded {
		line("expires", timeText(r.Expires))
		line("size", bytesText(r.Size))
	}
	line("hits", strconv.FormatInt(r.Hits, 10))
	line("used", timeText(r.Used))
	line("error", r.Error)
	line("stack", textLines(r.Stack)...)
	line("log", textLines(r.Log)...)
	arguments := make([]string, len(r.Args))
	for i, a := range r.Args {
		arguments[i] = a.Name + " " + a.Type + " = " + argText(a)
	}
	line("arguments", arguments...)
	line("result", result)
	return t.Flush()
}

// showEarlier prints executions as a table, if there are any.
func (c *inspector) showEarlier(earlier []store.Record, more bool) error {
	if len(earlier) == 0 {
		return nil
	}
	fmt.Fprintln(c.stdout, "\nearlier executions")
	t := table(c.stdout)
	fmt.Fprintln(t, "ATTEMPT\tSTATUS\tSTARTED\tTOOK\tERROR")
	for i := range earlier {
		r := &earlier[i]
		first, _, _ := strings.Cut(r.Error, "\n")
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\n", r.Attempt, r.Status, timeText(r.Started), tookText(r), cut(clean(first), 80))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if more {
		fmt.Fprintln(c.stdout, "and more: -limit 0 prints all")
	}
	return nil
}

// statusText is the status of a call's newest execution, and what has become of the result
// or the call since.
func statusText(r *store.Record) string {
	switch {
	case r.Gone.IsZero():
		return r.Status.String()
	case r.Status.Gone():
		return r.Status.String() + " " + timeText(r.Gone)
	}
	return r.Status.String() + ", and the call was deleted " + timeText(r.Gone)
}

// progressText is how far an execution has come, or had when it ended.
func progressText(p *store.Progress) string {
	switch {
	case p.Done == 0 && p.Total == 0:
		return p.Note
	case p.Note == "":
		return stepsText(p)
	}
	return stepsText(p) + ": " + p.Note
}

// textLines are the lines of a text, with spaces for tabs.
func textLines(text string) []string {
	return strings.Split(strings.ReplaceAll(text, "\t", "    "), "\n")
}

func codeText(r *store.Record) string {
	switch n := len(symbolLines(r.Symbols)); {
	case r.Code == "" || n == 0:
		return r.Code
	case n == 1:
		return r.Code + ", made from one symbol"
	default:
		return fmt.Sprintf("%s, made from %d symbols", r.Code, n)
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
	if until := time.Until(t); until > 0 {
		return text + ", in " + durationText(until)
	}
	return text + ", " + ageText(t) + " ago"
}

// shownBytes is up to how many bytes a result is printed.
const shownBytes = 16 << 10

// resultText returns the result of an execution in the diagnostic notation of CBOR, or why
// it is not printed.
func resultText(ctx context.Context, s store.Administrator, r *store.Record) (string, error) {
	if r.Status != store.Succeeded {
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
