//go:build unix

package disk_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// Time goes by in a bubble while a Store is open, two of which wait for each other.
func TestAStoreCanBeUsedInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, other := open(t, dir, disk.Options{}), open(t, dir, disk.Options{})
		began := time.Now()
		body := func(n int) ([]byte, error) {
			time.Sleep(time.Hour)
			return []byte("result"), nil
		}
		executed := uint64(0)
		var runners []*runtime.Calls[int, int, []byte]
		done := make(chan error)
		for _, h := range []*disk.Store{s, other} {
			c := calls(h, body)
			runners = append(runners, c)
			go func() {
				_, err := run(c, 1)
				done <- err
			}()
		}
		for range runners {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for _, c := range runners {
			executed += uint64(c.Runner().Stats().Executions)
		}
		if took := time.Since(began); executed != 1 || took < time.Hour || took > time.Hour+time.Minute {
			t.Errorf("%d executions took %v", executed, took)
		}
		l, err := begin(s, 2)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(l.Expires))
		found := make([]store.Found, 1)
		if err := other.Lookup(context.Background(), []store.Ref{refOf(2)}, found); err != nil || found[0].Latest == nil || found[0].Latest.Status != store.Lost {
			t.Errorf("%+v, %v", found[0], err)
		}
		s.Close()
		other.Close()
	})
}

// Who waits for a task, or for what becomes of one, is woken at once by another Store, and not all
// the time.
func TestAQueueCanBeUsedInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s, other := open(t, dir, disk.Options{}), open(t, dir, disk.Options{})
		began := time.Now()
		took := make(chan time.Duration)
		go func() {
			if got, err := other.Queue().Take(ctx, workerOf(7)); err != nil || got.Key != keyOf(1) {
				t.Errorf("took %v, %v", got.Key, err)
			}
			took <- time.Since(began)
		}()
		if _, err := other.Queue().Report(ctx, workerOf(7), nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if _, err := other.Queue().Report(ctx, workerOf(7), nil); err != nil {
			t.Fatal(err)
		}
		push(t, s.Queue(), 1)
		if got := <-took; got != time.Minute {
			t.Errorf("what is pushed after a minute is taken after %v", got)
		}

		changed, stop := s.Watch(refOf(2))
		rung := func() bool {
			synctest.Wait()
			select {
			case <-changed:
				return true
			default:
				return false
			}
		}
		push(t, s.Queue(), 2)
		time.Sleep(10 * time.Second)
		if rung() {
			t.Error("who watches what is queued is woken all the time")
		}
		take(t, other.Queue(), 7, 2)
		time.Sleep(1100 * time.Millisecond)
		if !rung() {
			t.Error("who watches what was taken does not look whether it runs")
		}
		if err := other.Queue().Done(ctx, 7, keyOf(2)); err != nil {
			t.Fatal(err)
		}
		if !rung() {
			t.Error("who watches what was done is not woken")
		}
		stop()
		time.Sleep(2 * time.Second) // until nothing waits for the next tick
		s.Close()
		other.Close()
	})
}
