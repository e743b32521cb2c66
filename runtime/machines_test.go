package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store/memory"
)

// TestLoopsOfSeveralMachinesShareTheirWork: each call of one flow executes on one of them, each
// tick once, and all get through.
func TestLoopsOfSeveralMachinesShareTheirWork(t *testing.T) {
	for _, name := range []string{"", "sales"} {
		bubble(t, func(t *testing.T) {
			const machines, regions, days = 3, 20, 7
			s := memory.New(0)
			var executed sync.Map // how often, by argument
			var through [machines]atomic.Int32
			ctx, cancel := context.WithTimeout(t.Context(), days*24*time.Hour-time.Minute)
			defer cancel()
			var all sync.WaitGroup
			for i := range machines {
				h := s.Another()
				f := storing(h, func(_ context.Context, arg string) (string, error) {
					n, _ := executed.LoadOrStore(arg, new(atomic.Int32))
					n.(*atomic.Int32).Add(1)
					time.Sleep(time.Minute)
					return "got " + arg, nil
				}, Concurrency(2))
				l := Loop{Flow: func(ctx context.Context) error {
					tick := Cron(ctx, "0 3 * * *")
					calls := make([]*Call[string], regions)
					for n := range calls {
						calls[n] = f.Start(ctx, fmt.Sprint(tick.Format(time.DateOnly), " region ", n))
					}
					if _, err := All(ctx, calls); err != nil {
						return err
					}
					if _, err := f.Run(ctx, tick.Format(time.DateOnly)+" report"); err != nil {
						return err
					}
					through[i].Add(1)
					return nil
				}}
				if l.Name = name; name != "" {
					l.Store = h
				}
				all.Go(func() {
					if err := l.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("machine %d: %v", i, err)
					}
				})
			}
			all.Wait()
			calls := 0
			executed.Range(func(arg, n any) bool {
				calls++
				want(t, fmt.Sprint("executions of ", arg), n.(*atomic.Int32).Load(), 1)
				return true
			})
			want(t, "calls", calls%(regions+1), 0)
			want(t, "ticks", calls/(regions+1) >= days, true)
			for i := range through {
				if n := through[i].Load(); n == 0 {
					t.Errorf("machine %d did not get through", i)
				}
			}
		})
	}
}
