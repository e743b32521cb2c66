package storecmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

func (c *inspector) queueCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "queue",
		Short: "List workers, and the calls that wait for them",
		Long:  queueHelp, Example: c.examples(queueExample),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.look(cmd.Context(), func(s store.Administrator) error { return c.queue(cmd.Context(), s) })
		},
	}
}

// queue prints the queue of a store: nothing if it has none.
func (c *inspector) queue(ctx context.Context, s store.Administrator) (err error) {
	var st queue.Status
	if s, ok := s.(interface{ Queue() queue.Queue }); ok {
		if st, err = s.Queue().Status(ctx); err != nil {
			return err
		}
	}
	if c.json {
		return c.queueJSON(&st)
	}
	if len(st.Workers) == 0 && len(st.Lengths) == 0 {
		c.say("nothing is queued in %s, and no worker is there", clean(c.where))
		return nil
	}
	t := table(c.stdout)
	if len(st.Workers) > 0 {
		fmt.Fprintln(t, "WORKER\tPOOLS\tSLOTS\tBUSY\tSEEN\tSERVES")
	}
	for i := range st.Workers {
		w := &st.Workers[i]
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%s\n", clean(w.Origin.String()), poolText(w.InPools()...), w.Slots, w.Busy, ageText(w.Seen), servedText(w.Serves))
	}
	if err := t.Flush(); err != nil || len(st.Lengths) == 0 {
		return err
	}
	if len(st.Workers) > 0 {
		fmt.Fprintln(c.stdout)
	}
	fmt.Fprintln(t, "POOL\tWORK\tROUTE\tQUEUED\tTAKEN\tOLDEST\tWORKERS")
	for _, l := range st.Lengths {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%s\t%d\n", poolText(l.Pool), shortWork(l.Work), l.Route.Short(), l.Queued, l.Taken, ageText(l.Oldest), serving(&st, &l))
	}
	return t.Flush()
}

// serving counts the workers that serve tasks.
func serving(st *queue.Status, l *queue.Length) (n int) {
	for i := range st.Workers {
		one := queue.Status{Workers: st.Workers[i : i+1]}
		if one.Serves(l.Pool, l.Route) {
			n++
		}
	}
	return n
}

// poolText names pools; "-" is the one without a name.
func poolText(pools ...string) string {
	names := make([]string, len(pools))
	for i, pool := range pools {
		if names[i] = clean(pool); pool == "" {
			names[i] = "-"
		}
	}
	return strings.Join(names, ",")
}

// servedText names the works that a worker serves, and their routes.
func servedText(all []queue.Served) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = shortWork(s.Work) + " " + s.Route.Short()
	}
	return strings.Join(words, ", ")
}

// workerJSON and tasksJSON are what -json prints. Fields may be added.
type workerJSON struct {
	Worker  string       `json:"worker"` // its number
	Host    string       `json:"host"`
	PID     int          `json:"pid"`
	Program string       `json:"program"`
	Pools   []string     `json:"pools"`
	Slots   int          `json:"slots"`
	Busy    int          `json:"busy"`
	Seen    time.Time    `json:"seen"`
	Serves  []servedJSON `json:"serves"`
}

type servedJSON struct {
	Work  string `json:"work"`
	Route string `json:"route"`
}

type tasksJSON struct {
	Pool    string    `json:"pool"`
	Work    string    `json:"work"`
	Route   string    `json:"route"`
	Queued  int       `json:"queued"`
	Taken   int       `json:"taken"`
	Oldest  time.Time `json:"oldest,omitzero"` // of those that are queued
	Workers int       `json:"workers"`         // that serve them
}

func (c *inspector) queueJSON(st *queue.Status) error {
	for i := range st.Workers {
		w := &st.Workers[i]
		j := workerJSON{
			Worker: fmt.Sprintf("%016x", w.ID), Host: w.Origin.Host, PID: w.Origin.PID, Program: w.Origin.Program,
			Pools: w.InPools(), Slots: w.Slots, Busy: w.Busy, Seen: w.Seen, Serves: []servedJSON{},
		}
		for _, s := range w.Serves {
			j.Serves = append(j.Serves, servedJSON{s.Work, s.Route.String()})
		}
		if err := c.object(j); err != nil {
			return err
		}
	}
	for _, l := range st.Lengths {
		if err := c.object(tasksJSON{l.Pool, l.Work, l.Route.String(), l.Queued, l.Taken, l.Oldest, serving(st, &l)}); err != nil {
			return err
		}
	}
	return nil
}
