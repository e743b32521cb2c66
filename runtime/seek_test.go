package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	goruntime "runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// questioned is a store that counts what it is asked, and of which each result is a stream.
type questioned struct {
	store.Store
	answer func(ctx context.Context, refs []store.Ref) error // comes before the answer; nil: at once
	read   func(store.Ref)                                   // comes before a result is read; nil: at once

	questions, refs, streams atomic.Int64 // streams are those that are not closed
	most                     atomic.Int64 // streams at a time
}

func (s *questioned) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	s.questions.Add(1)
	s.refs.Add(int64(len(refs)))
	if s.answer != nil {
		if err := s.answer(ctx, refs); err != nil {
			return err
		}
	}
	err := s.Store.Lookup(ctx, refs, found)
	for _, f := range found {
		for _, e := range f.Results {
			n := s.streams.Add(1)
			for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
			}
			e.Body, e.Data = &stream{bytes.NewReader(e.Data), s, e.Ref}, nil
		}
	}
	return err
}

type stream struct {
	io.Reader
	of  *questioned
	ref store.Ref
}

func (s *stream) Read(p []byte) (int, error) {
	if s.of.read != nil {
		s.of.read(s.ref)
	}
	return s.Reader.Read(p)
}

func (s *stream) Close() error { s.of.streams.Add(-1); return nil }

// questionedWith has the results of some calls.
func questionedWith(t *testing.T, args ...string) *questioned {
	s := memory.New(0)
	f := storing(s, echo)
	for _, arg := range args {
		wantResult(t, "got "+arg)(f.Run(t.Context(), arg))
	}
	settled(t, f)
	return &questioned{Store: s.Another()}
}

func (s *questioned) wantClosed(t *testing.T) {
	t.Helper()
	synctest.Wait()
	want(t, "streams that are left", s.streams.Load(), 0)
}

// asksFor reports whether a question is about a call.
func asksFor(refs []store.Ref, f *fetch, arg string) bool {
	return slices.ContainsFunc(refs, func(r store.Ref) bool { return r.Key == f.calls.Key(arg) })
}

// hangs is an answer that does not come.
func hangs(ctx context.Context, _ []store.Ref) error { <-ctx.Done(); return ctx.Err() }

func numbers(n int) (args []string) {
	for i := range n {
		args = append(args, fmt.Sprint(i))
	}
	return args
}

func startAll(ctx context.Context, f *fetch, args []string) (calls []*Call[string]) {
	for _, arg := range args {
		calls = append(calls, f.Start(ctx, arg))
	}
	return calls
}

func TestAllAsksTheStoreForManyAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const distinct, stored = 5000, 4900
		args := numbers(distinct)
		s := questionedWith(t, args[:stored]...)
		s.answer = func(context.Context, []store.Ref) error { time.Sleep(time.Millisecond); return nil }
		s.read = func(store.Ref) { time.Sleep(10 * time.Millisecond) }
		var executed atomic.Int64
		f := storing(s, func(ctx context.Context, arg string) (string, error) {
			executed.Add(1)
			return echo(ctx, arg)
		}, MaxEntries(distinct))
		args = slices.Concat(args, args)
		results, err := All(t.Context(), startAll(t.Context(), f, args))
		if err != nil {
			t.Fatal(err)
		}
		for i, arg := range args {
			if results[i] != "got "+arg {
				t.Fatalf("result %d is %q", i, results[i])
			}
		}
		want(t, "executions", executed.Load(), distinct-stored)
		if n := s.questions.Load(); n > 100 {
			t.Errorf("the store is asked %d times", n)
		}
		want(t, "calls that it is asked for", s.refs.Load(), distinct)
		s.wantClosed(t)
		if n := s.most.Load(); n > mostSeeks*mostTogether {
			t.Errorf("%d streams are open at a time", n)
		}
		stats := settled(t, f)
		want(t, "stored", stats.Stored, stored)
		want(t, "misses", stats.Misses, distinct)
		want(t, "hits, and joined", stats.Hits+stats.Joined, distinct)
		want(t, "store errors", stats.StoreErrors, 0)
	})
}

func TestACallThatComesAloneIsAskedForAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := questionedWith(t, "a")
		s.answer = func(context.Context, []store.Ref) error { time.Sleep(time.Millisecond); return nil }
		f, began := storing(s, mustNotRun), time.Now()
		wantResult(t, "got a")(f.Start(t.Context(), "a").Wait(t.Context()))
		want(t, "took", time.Since(began), time.Millisecond)
		want(t, "questions", s.questions.Load(), 1)
		want(t, "calls", s.refs.Load(), 1)
		s.wantClosed(t)
		settled(t, f)
	})
}

// TestAQuestionThatHangsIsInNobodysWay for longer than a moment. Those that are stopped until then are not
// asked for.
func TestAQuestionThatHangsIsInNobodysWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		args := numbers(20)
		s := questionedWith(t, args...)
		f := storing(s, mustNotRun)
		s.answer = func(ctx context.Context, refs []store.Ref) error {
			if asksFor(refs, f, "0") {
				return hangs(ctx, refs)
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		first := f.Start(ctx, "0")
		synctest.Wait()
		f.Start(t.Context(), "19").Stop()
		began := time.Now()
		_, err := All(t.Context(), startAll(t.Context(), f, args[1:19]))
		wantErr(t, err, nil)
		want(t, "took", time.Since(began), seekPatience)
		want(t, "questions", s.questions.Load(), 2)
		want(t, "calls", s.refs.Load(), 19)
		cancel()
		synctest.Wait()
		want(t, "status", first.Status().Status, Stopped)
		s.wantClosed(t)
		settled(t, f)
	})
}

// TestWhoLeavesAQuestionLeavesTheOthersThere, and what was found for him is closed. When all have left,
// the store is told.
func TestWhoLeavesAQuestionLeavesTheOthersThere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		args := numbers(20)
		s := questionedWith(t, args...)
		answer, told := make(chan struct{}), new(atomic.Int64)
		s.answer = func(ctx context.Context, _ []store.Ref) error {
			select {
			case <-answer:
				return nil
			case <-ctx.Done():
				told.Add(1)
				return ctx.Err()
			}
		}
		f := storing(s, mustNotRun)
		ctx, cancel := context.WithCancel(t.Context())
		first := f.Start(ctx, "0")
		synctest.Wait()
		leaving := startAll(ctx, f, args[1:10])
		staying := startAll(t.Context(), f, args[10:])
		time.Sleep(time.Second)
		want(t, "questions", s.questions.Load(), 2)
		cancel()
		synctest.Wait()
		want(t, "told", told.Load(), 1) // who has asked for one call
		for _, c := range append(leaving, first) {
			want(t, "status", c.Status().Status, Stopped)
		}
		close(answer)
		results, err := All(t.Context(), staying)
		wantErr(t, err, nil)
		want(t, "result", results[9], "got 19")
		s.wantClosed(t)
		want(t, "store errors", settled(t, f).StoreErrors, 0)

		answer = make(chan struct{})
		told.Store(0)
		g := storing(s, mustNotRun, StoreTimeout(time.Hour))
		all := startAll(t.Context(), g, args)
		time.Sleep(time.Second)
		began := time.Now()
		for _, c := range all {
			c.Stop()
		}
		synctest.Wait()
		want(t, "told", told.Load() > 0, true)
		want(t, "questions that wait", told.Load(), s.questions.Load()-2)
		want(t, "took", time.Since(began), 0)
		settled(t, g)
	})
}

// TestAStoreThatDoesNotAnswerAQuestionAboutMany is waited for as long as for one.
func TestAStoreThatDoesNotAnswerAQuestionAboutMany(t *testing.T) {
	for name, opts := range map[string][]Option{"fail": {OnStoreFailure(FailOnStoreFailure)}, "execute": nil} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := questionedWith(t)
				s.answer = hangs
				var logged bytes.Buffer
				f := storing(s, echo, append(opts, WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))...)
				first := f.Start(t.Context(), "first")
				synctest.Wait()
				calls, began := startAll(t.Context(), f, numbers(20)), time.Now()
				outcomes, err := Each(t.Context(), calls)
				wantErr(t, err, nil)
				want(t, "took", time.Since(began), 10*time.Second+seekPatience)
				for _, o := range outcomes {
					var failed *StoreError
					want(t, "has failed", errors.As(o.Err, &failed), opts != nil)
				}
				want(t, "questions", s.questions.Load(), 2)
				want(t, "times that it is said", strings.Count(logged.String(), "the store does not answer: calls wait"), 1)
				_, _ = first.Result()

				began = time.Now()
				_, err = Each(t.Context(), startAll(t.Context(), f, numbers(40)[20:]))
				wantErr(t, err, nil)
				want(t, "took, when that is known", time.Since(began), 0)
				want(t, "questions", s.questions.Load(), 2)
				settled(t, f)
			})
		})
	}
}

// TestAStoreThatRefusesManyForAWhile makes each wait, and executes nothing.
func TestAStoreThatRefusesManyForAWhile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		args := numbers(20)
		var faults storetest.Faults
		faults.Inject(storetest.All, storetest.For(3*time.Second, storetest.Refuse))
		var logged bytes.Buffer
		f := storing(faults.Wrap(questionedWith(t, args...)), mustNotRun, WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
		began := time.Now()
		_, err := All(t.Context(), startAll(t.Context(), f, args))
		wantErr(t, err, nil)
		if took := time.Since(began); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		want(t, "times that it is said", strings.Count(logged.String(), "the store does not answer: calls wait"), 1)
		want(t, "store errors", settled(t, f).StoreErrors, 0)
	})
}

func TestACallThatAStoreFailsForFailsAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		args := numbers(20)
		s := questionedWith(t, args...)
		f := storing(s, mustNotRun, OnStoreFailure(FailOnStoreFailure))
		s.answer = func(_ context.Context, refs []store.Ref) error {
			if asksFor(refs, f, "7") {
				return storetest.ErrFault
			}
			return nil
		}
		began := time.Now()
		calls := startAll(t.Context(), f, args)
		_, err := All(t.Context(), slices.Concat(calls[:7], calls[8:]))
		wantErr(t, err, nil)
		want(t, "is in nobody's way", time.Since(began) <= seekPatience, true)
		_, err = calls[7].Wait(t.Context())
		wantErr(t, err, storetest.ErrFault)
		s.wantClosed(t)
		settled(t, f)
	})
}

func TestACallWhoseResultCannotBeReadFailsAlone(t *testing.T) {
	for name, read := range map[string]func(){"panic": func() { panic("unread") }, "Goexit": goruntime.Goexit, "hang": func() { time.Sleep(time.Hour) }} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				args := numbers(600)
				s := questionedWith(t, args...)
				f := storing(s, mustNotRun)
				s.answer = func(context.Context, []store.Ref) error { time.Sleep(time.Millisecond); return nil }
				s.read = func(r store.Ref) {
					if r.Key == f.calls.Key("7") {
						read()
					}
				}
				began, calls := time.Now(), startAll(t.Context(), f, args)
				_, err := All(t.Context(), slices.Concat(calls[:7], calls[8:]))
				wantErr(t, err, nil)
				want(t, "is in nobody's way", time.Since(began) < time.Second, true)
				_, err = calls[7].Wait(t.Context())
				want(t, "fails", err != nil, name != "hang")
				s.wantClosed(t)
				settled(t, f)
			})
		})
	}
}
