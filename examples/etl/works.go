package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
)

// Sale is a line of a file: a product, and what it brought.
type Sale struct {
	Product string
	Cents   int
}

// Table is what has become of a file.
type Table struct {
	Name    string
	Sales   []Sale
	Problem string // why there are no sales; "" if there are
}

// List lists folders.
//
//workgen:work
type List struct{}

// Run returns the paths of the files in a folder, once for each night: if it fails, it is
// executed again after a while, and the night is not lost.
//
//workgen:allow file the night says when to look
func (List) Run(folder, night string) (files []string, err error) {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		if e.Type().IsRegular() {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	return files, err
}

// Parse reads files.
//
//workgen:work concurrency=4
type Parse struct {
	Out  io.Writer     `workgen:"-"` // where it says that it is executed
	Pace time.Duration `workgen:"-"` // what a line takes, so that it can be watched
}

// Run returns the sales in a file, which has lines such as "tea, 250". The file's content
// and path are inputs.
func (p *Parse) Run(ctx context.Context, file key.File) ([]Sale, error) {
	name := filepath.Base(string(file))
	fmt.Fprintln(p.Out, "parsing", name)
	content, err := os.ReadFile(string(file))
	if err != nil {
		return nil, err
	}
	var sales []Sale
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	for i, line := range lines {
		if err := wait(ctx, p.Pace); err != nil {
			return nil, err
		}
		product, amount, _ := strings.Cut(line, ",")
		cents, err := strconv.Atoi(strings.TrimSpace(amount))
		if err != nil { // only other content mends that
			return nil, runtime.Permanent(fmt.Errorf("line %d: %q is no amount", i+1, amount))
		}
		sales = append(sales, Sale{product, cents})
		runtime.Progress(ctx, int64(i+1), int64(len(lines)), name)
	}
	return sales, nil
}

// wait returns after a while, or with an error when ctx ends before.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Report writes reports.
//
//workgen:work
type Report struct {
	Out io.Writer `workgen:"-"`
}

// Run reports on a night, written as 2026-11-27.
func (r *Report) Run(night string, tables []Table) error {
	var text strings.Builder
	fmt.Fprintf(&text, "report of %s\n", night)
	for _, t := range tables {
		if t.Problem != "" {
			fmt.Fprintf(&text, "  %s is bad: %s\n", t.Name, t.Problem)
			continue
		}
		fmt.Fprintf(&text, "  %s: %d sales, %d cents\n", t.Name, len(t.Sales), total(t.Sales))
	}
	_, err := io.WriteString(r.Out, text.String())
	return err
}

// total is what sales brought, in cents.
func total(sales []Sale) (cents int) {
	for _, s := range sales {
		cents += s.Cents
	}
	return cents
}
