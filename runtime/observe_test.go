package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// journal is an observer that writes down what it is told.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) observe(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	line := fmt.Sprintf("%d %v", e.Number, e.Status)
	if e.Removed != 0 {
		line += ", " + e.Removed.String()
	}
	j.lines = append(j.lines, line)
}

func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

func TestAnObserverIsToldOfEveryChangeInOrderAndNeverOfHits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var j journal
		f := newFetch(func(ctx context.Context, arg string) (string, error) {
			if arg == "fails" {
				return "", errors.New("no such page")
			}
			return sleeper(ctx, arg)
		}, WithObserver(j.observe), MaxEntries(1), TTL(time.Minute), Concurrency(1), CacheErrors(time.Minute))
		for _, step := range []struct {
			name string
			do   func()
			want []string
		}{
			{"a miss", func() { f.Run(t.Context(), "a") }, []string{"1 pending", "1 running", "1 succeeded"}},
			{"a hit", func() { f.Run(t.Context(), "a") }, nil},
			{"an eviction", func() { f.Run(t.Context(), "b") },
				[]string{"2 pending", "2 running", "1 succeeded, evicted", "2 succeeded"}},
			{"forgetting", func() { f.Forget("b") }, []string{"2 succeeded, forgotten"}},
			{"forgetting nothing", func() { f.Forget("b"); f.ForgetAll() }, nil},
			{"a failure", func() { f.Run(t.Context(), "fails") }, []string{"3 pending", "3 running", "3 failed"}},
			{"a kept failure", func() { f.Run(t.Context(), "fails") }, nil},
			{"expiry", func() { time.Sleep(time.Minute) }, []string{"3 failed, expired"}},
			{"stopping", func() {
				c := f.Start(t.Context(), "c")
				d := f.Start(t.Context(), "d")
				synctest.Wait()
				d.Stop()
				c.Stop()
			}, []string{"4 pending", "5 pending", "4 running", "5 stopped", "4 stopped"}},
			{"forgetting all", func() { f.Run(t.Context(), "a"); f.ForgetAll() },
				[]string{"6 pending", "6 running", "6 succeeded", "6 succeeded, forgotten"}},
			{"forgetting an unfinished call", func() {
				c := f.Start(t.Context(), "c")
				f.Forget("c")
				<-c.Done()
			}, []string{"7 pending", "7 running", "7 succeeded"}},
		} {
			step.do()
			settled(t, f)
			got := j.take()
			if step.name == "stopping" || step.name == "forgetting an unfinished call" {
				// A body begins in its own goroutine, any time after pending.
				got, step.want = byCall(got), byCall(step.want)
			}
			if diff := cmp.Diff(step.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.name, diff)
			}
		}
	})
}

// byCall sorts lines by their numbers, keeping the order of each call's own.
func byCall(lines []string) []string {
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
	return lines
}

func TestEventsCarryTheCallsHistory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var events []Event
		f := newFetch(sleeper, WithObserver(func(e Event) { events = append(events, e) }))
		at := time.Now()
		f.Run(t.Context(), "a")
		settled(t, f)
		end := at.Add(time.Second)
		event := func(s CallStatus) Event {
			return Event{Work: f.Name(), Number: 1, Status: s.Status, Call: s}
		}
		if diff := cmp.Diff([]Event{
			event(CallStatus{Status: Pending, Requested: at}),
			event(CallStatus{Status: Running, Requested: at, Started: at, Attempts: 1}),
			event(CallStatus{Status: Succeeded, Requested: at, Started: at, Finished: end, Attempts: 1}),
		}, events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestAnObserverMayCallItsRunner(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var f *fetch
		var seen []Status
		f = newFetch(echo, WithObserver(func(e Event) {
			seen = append(seen, f.Status().Status)
			if e.Number < 5 && e.Status == Succeeded && e.Removed == 0 {
				f.Start(context.Background(), fmt.Sprint(e.Number))
				f.Forget(fmt.Sprint(e.Number - 1))
			}
		}))
		f.Run(t.Context(), "0")
		s := settled(t, f)
		want(t, "misses", s.Misses, 5)
		want(t, "events", len(seen), 5*3+4)
	})
}

func TestAnObserverThatPanicsOrExitsHarmsNoCall(t *testing.T) {
	for name, end := range map[string]func(){
		"panics": func() { panic("observer is broken") },
		"exits":  goruntime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var logged bytes.Buffer
				told := 0
				f := newFetch(echo, WithLogger(slog.New(slog.NewTextHandler(&logged, nil))),
					WithObserver(func(e Event) {
						told++
						end()
					}))
				for i := range 3 {
					call := make(chan *Call[string], 1)
					go func() {
						defer close(call) // an exit may be that of the caller
						call <- f.Start(t.Context(), fmt.Sprint(i))
					}()
					<-call
					synctest.Wait()
				}
				s := settled(t, f)
				want(t, "misses", s.Misses, 3)
				want(t, "ended", s.Errors+int64(s.Entries), 3)
				want(t, "logged", strings.Contains(logged.String(), "observer is broken"), name == "panics")
				if name == "panics" {
					want(t, "events", told, 9)
				}
			})
		})
	}
}

func TestAfterAnObserverHasExitedTheNextEventsAreStillDelivered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		told := 0
		r := newRunner(config{name: "w", observer: func(Event) { told++; goruntime.Goexit() }})
		r.events = make([]Event, 3)
		for n := range 4 {
			want(t, "told", told, n)
			go r.deliver()
			synctest.Wait()
		}
		want(t, "told", told, 3)
	})
}

func TestASlowObserverHoldsUpNoOtherCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var j journal
		f := newFetch(echo, WithObserver(func(e Event) {
			if e.Number == 1 && e.Status == Running {
				time.Sleep(time.Hour)
			}
			j.observe(e)
		}))
		go f.Start(t.Context(), "slow") // its goroutine may be the one that is held up
		synctest.Wait()
		began := time.Now()
		wantResult(t, "got b")(f.Run(t.Context(), "b"))
		want(t, "time", time.Since(began), 0)
		synctest.Wait()
		want(t, "told meanwhile", strings.Join(j.take(), ", "), "1 pending")
		time.Sleep(time.Hour)
		settled(t, f)
		// Whether the body of the slow call went on meanwhile depends on whose
		// goroutine was held up; the order within a call does not.
		told := j.take()
		of := func(call string) string {
			return strings.Join(slices.DeleteFunc(slices.Clone(told), func(e string) bool { return !strings.HasPrefix(e, call) }), ", ")
		}
		want(t, "told then of the slow call", of("1"), "1 running, 1 succeeded")
		want(t, "told then of the other", of("2"), "2 pending, 2 running, 2 succeeded")
	})
}

func TestRemovalsHaveNames(t *testing.T) {
	for removal, name := range map[Removal]string{0: "kept", Evicted: "evicted", Expired: "expired", Forgotten: "forgotten"} {
		want(t, "name", removal.String(), name)
	}
}
