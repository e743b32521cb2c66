package runtime

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store/memory"
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
