package runtime

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store/memory"
)

// executedAgain returns which calls execute when all are made once more.
func executedAgain(t *testing.T, run func(context.Context, string) (string, error), executed *[]string, all ...string) string {
	t.Helper()
	*executed = nil
	for _, arg := range all {
		if _, err := run(t.Context(), arg); err != nil {
			t.Error(err)
		}
	}
	slices.Sort(*executed)
	return strings.Join(*executed, " ")
}

func TestForgetFunc(t *testing.T) {
	all := []string{"a1", "a2", "b1", "b2"}
	match := func(arg string) bool { return strings.HasPrefix(arg, "a") }
	for name, c := range map[string]struct {
		opts []Option
		want string
	}{
		"arguments are kept": {[]Option{KeepArguments(true)}, "a1 a2"},
		"nobody has them":    {nil, "a1 a2 b1 b2"},
		"with bytes":         {[]Option{KeepArguments(true), MaxBytes(1 << 20)}, "a1 a2"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var executed []string
				f := newFetch(func(_ context.Context, arg string) (string, error) {
					executed = append(executed, arg)
					return arg, nil
				}, c.opts...)
				executedAgain(t, f.Run, &executed, all...)
				f.calls.ForgetFunc(match)
				want(t, "executed again", executedAgain(t, f.Run, &executed, all...), c.want)
				want(t, "entries", settled(t, f).Entries, len(all))
			})
		})
	}
}

func TestForgetFuncInAStore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		defer s.Close()
		var executed []string
		spec := storingSpec(func(_ context.Context, arg string) (string, error) {
			executed = append(executed, arg)
			return arg, nil
		})
		spec.Secret = nil
		run := func(c *Calls[string, string, string]) func(context.Context, string) (string, error) {
			return func(ctx context.Context, arg string) (string, error) {
				hash, k, _ := c.spec.Identify(arg)
				return c.Run(ctx, hash, k, arg)
			}
		}
		one, other := NewCalls(spec, WithStore(s.Another()), KeepArguments(true)), NewCalls(spec, WithStore(s.Another()))
		all := []string{"a1", "a2", "b1", "b2"}
		executedAgain(t, run(one), &executed, all...)
		want(t, "executed by the other", executedAgain(t, run(other), &executed, all...), "")
		other.ForgetFunc(func(arg string) bool { return arg == "a2" }) // which has the arguments of none in memory
		time.Sleep(2 * time.Second)
		want(t, "executed again", executedAgain(t, run(one), &executed, all...), "a2")
		want(t, "executed by the other", executedAgain(t, run(other), &executed, all...), "")

		spec.Schema = "s2" // of a program with other types: these have no arguments here
		newer := NewCalls(spec, WithStore(s.Another()))
		executedAgain(t, run(newer), &executed, all...)
		newer.ForgetFunc(func(arg string) bool { return arg == "b1" })
		want(t, "executed by the newer", executedAgain(t, run(newer), &executed, all...), "b1")
		want(t, "executed by a new process", executedAgain(t, run(NewCalls(storingSpecLike(spec, "s1"), WithStore(s.Another()))), &executed, all...), "a1 a2 b1 b2")
	})
}

// storingSpecLike is a spec with another schema.
func storingSpecLike(spec Spec[string, string, string], schema string) Spec[string, string, string] {
	spec.Schema = schema
	return spec
}

func TestForgetFuncOfSecretArguments(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(time.Minute)
		defer s.Close()
		c := NewCalls(storingSpec(echo), WithStore(s)) // the token is secret
		for _, arg := range []string{"a", "b"} {
			hash, k, _ := c.spec.Identify(arg)
			c.Run(t.Context(), hash, k, arg)
		}
		c.ForgetFunc(func(string) bool { return false })
		want(t, "left in the store", len(records(t, s)), 0)
	})
}

// TestForgetFuncOfWhatExecutes: it serves those who wait, and is not kept.
func TestForgetFuncOfWhatExecutes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(sleeper, KeepArguments(true))
		results := make(chan error, 2)
		for _, arg := range []string{"a", "b"} {
			go func() {
				_, err := f.Run(t.Context(), arg)
				results <- err
			}()
		}
		synctest.Wait()
		f.calls.ForgetFunc(func(arg string) bool { return arg == "a" })
		for range 2 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		_, a := f.Lookup("a")
		_, b := f.Lookup("b")
		want(t, "a is kept", a, false)
		want(t, "b is kept", b, true)
	})
}

// TestForgetFuncMayPanic: it is the caller's, and nothing is locked.
func TestForgetFuncMayPanic(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(echo, KeepArguments(true))
		f.Run(t.Context(), "a")
		wantPanic(t, "ouch", func() { f.calls.ForgetFunc(func(string) bool { panic("ouch") }) })
		want(t, "entries", settled(t, f).Entries, 1)
	})
}
