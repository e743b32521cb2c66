package runtime

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/internal/remote"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

func TestWhichWorksNoWorkerElsewhereExecutes(t *testing.T) {
	wanted := func(why string, change func(*Spec[string, string, string]), opts ...Option) {
		t.Helper()
		spec := storingSpec(echo)
		change(&spec)
		want(t, "why", NewCalls(spec, opts...).runner.notRemote, why)
	}
	type spec = Spec[string, string, string]
	wanted("", func(*spec) {})
	wanted("args.Done: a channel has no value: change the argument", func(s *spec) {
		s.NotRemote = "args.Done: a channel has no value: change the argument"
	})
	wanted("it is marked memory: remove that from its directive", func(s *spec) { s.Memory = true })
	wanted("its results cannot be stored: result1.done: a field: change the result", func(s *spec) { s.NotStorable = "result1.done: a field" })
	uncached := "its calls are not cached: remove cache=false from its directive, or the option CacheCalls(false)"
	wanted(uncached, func(s *spec) { s.Options = append(s.Options, CacheCalls(false)) })
	wanted(uncached, func(s *spec) { s.NotRemote = "another reason" }, CacheCalls(false))
	wanted("", func(s *spec) { s.Options = append(s.Options, CacheCalls(false)) }, CacheCalls(true))
}

func TestAnOldGeneratedFileIsNotTrustedWithArguments(t *testing.T) {
	type job struct{ Jobs []struct{ Done chan int } }
	spec := Spec[string, job, string]{
		Name: "w", Execute: func(context.Context, job) (string, error) { return "", nil }, Encode: func(*job, *key.Encoder) {},
	}
	s := memory.New(0)
	NewCalls(spec, WithStore(s))
	wantPanic(t, "args.Jobs[].Done: a channel has no value: run go generate", func() {
		NewCalls(spec, WithStore(s), WithWorkers(s.Queue(), ""))
	})
}

func TestNobodyServesAWorkWhoseFieldsCannotBeEncoded(t *testing.T) {
	spec := storingSpec(echo)
	spec.EncodeWork = func(e *key.Encoder) { e.Fail(errors.New("no such thing")) }
	_, err := Served(NewCalls(spec, WithStore(memory.New(0))).Runner())
	if err == nil || !strings.Contains(err.Error(), "has fields that cannot be encoded") {
		t.Error(err)
	}
}

// TestATaskThatAWorkerGetsTwiceIsExecutedOnce: while one of them looks whether the store has what is kept
// here, the other begins to execute it.
func TestATaskThatAWorkerGetsTwiceIsExecutedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var faults storetest.Faults
		s := memory.New(time.Minute)
		calls := NewCalls(storingSpec(func(ctx context.Context, arg string) (string, error) {
			time.Sleep(10 * time.Second)
			return arg, nil
		}), WithStore(faults.Wrap(untold{s.Another()})))
		w, err := Served(calls.Runner())
		if err != nil {
			t.Fatal(err)
		}
		task := taskOf(t, calls, "a")
		done := func(got remote.Outcome) {
			if got.Again || got.Refused != nil {
				t.Errorf("outcome %+v", got)
			}
		}
		done(w.Execute(t.Context(), task))
		if _, err := s.Delete(t.Context(), task.Ref); err != nil {
			t.Fatal(err)
		}
		faults.Inject(storetest.Lookup, storetest.Times(1, storetest.Slow(2*time.Second)))
		var both sync.WaitGroup
		both.Go(func() { done(w.Execute(t.Context(), task)) })
		time.Sleep(time.Second)
		both.Go(func() { done(w.Execute(t.Context(), task)) })
		both.Wait()
		want(t, "executions", calls.Runner().Stats().Executions, 2)
		want(t, "is stored", calls.runner.isStored(t.Context(), &arrival{Task: task}), true)
	})
}

// untold is a store that does not tell what was deleted.
type untold struct{ store.Store }

func (untold) OnDelete(func([]store.Ref) bool) {}

// taskOf returns a task as callers push it.
func taskOf(t *testing.T, c *Calls[string, string, string], arg string) queue.Task {
	t.Helper()
	r := c.runner
	codec, err := r.argsCodec()
	if err != nil {
		t.Fatal(err)
	}
	var args bytes.Buffer
	if err := codec.Encode(&args, r.schema, &arg); err != nil {
		t.Fatal(err)
	}
	k := r.keyOf(&pending[string, string, string]{calls: c, args: arg})
	return queue.Task{Ref: r.store.Ref(k), Route: r.route(), Args: args.Bytes()}
}
