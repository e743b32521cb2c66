package runtime

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

var errMarshal = errors.New("marshaller failed")

// marshalled stands for a generated runner whose argument has a marshaller that
// fails for "bad".
type marshalled struct {
	*Runner
	calls *Calls[key.Fingerprint, string, string]
}

func newMarshalled(body func(ctx context.Context, arg string) (string, error), opts ...Option) *marshalled {
	calls := NewCalls(Spec[key.Fingerprint, string, string]{
		Name: "example.com/web.Fetch", Execute: body,
		Identify: identifyMarshalled, CloneKey: key.Fingerprint.Clone,
		Verify: func(arg *string, e *key.Encoder) { encodeMarshalled(e, *arg) },
		Encode: func(arg *string, e *key.Encoder) { encodeMarshalled(e, *arg) },
	}, opts...)
	return &marshalled{calls.Runner(), calls}
}

func encodeMarshalled(e *key.Encoder, arg string) {
	if arg == "bad" {
		e.Appended(nil, errMarshal)
		return
	}
	e.String(arg)
}

func identifyMarshalled(arg string) (hash uint64, id key.Fingerprint, e *key.Encoder) {
	e = key.Borrow()
	encodeMarshalled(e, arg)
	id = e.Fingerprint()
	return id.Hash(), id, e
}

func (m *marshalled) Run(ctx context.Context, arg string) (string, error) {
	hash, id, e := identifyMarshalled(arg)
	if v := m.calls.Hit(hash, &id); v != nil {
		e.Release()
		return *v, nil
	}
	return m.calls.Run(ctx, hash, e.Keep(id), arg)
}

func (m *marshalled) Start(ctx context.Context, arg string) *Call[string] {
	return m.calls.Start(ctx, arg)
}

func TestCallsWithoutKeyExecuteAndAreNotKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMarshalled(sleeper, WithLogger(quiet()), CacheErrors(time.Hour))
		first, second := m.Start(t.Context(), "bad"), m.Start(t.Context(), "bad")
		if first == second {
			t.Error("calls without key were joined")
		}
		wantResult(t, "got bad")(first.Wait(t.Context()))
		wantResult(t, "got bad")(second.Wait(t.Context()))
		wantResult(t, "got bad")(m.Run(t.Context(), "bad"))
		wantResult(t, "got good")(m.Run(t.Context(), "good"))
		wantResult(t, "got good")(m.Run(t.Context(), "good"))

		if _, found := m.calls.Lookup("bad"); found {
			t.Error("a result without key was found")
		}
		want(t, "forgotten", m.calls.Forget("bad"), false)
		s := m.Stats()
		want(t, "executions", s.Executions, 4)
		want(t, "misses", s.Misses, 4)
		want(t, "unkeyed", s.Unkeyed, 3)
		want(t, "entries", s.Entries, 1)
	})
}

func TestErrorsOfCallsWithoutKeyAreNotKept(t *testing.T) {
	fail := errors.New("no")
	m := newMarshalled(func(context.Context, string) (string, error) { return "", fail }, WithLogger(quiet()), CacheErrors(time.Hour))
	for range 2 {
		_, err := m.Run(t.Context(), "bad")
		wantErr(t, err, fail)
	}
	want(t, "executions", m.Stats().Executions, 2)
	want(t, "entries", m.Stats().Entries, 0)
}

func TestCallsWithoutKeyAreWarnedAboutOnce(t *testing.T) {
	var log strings.Builder
	m := newMarshalled(echo, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	for range 3 {
		wantResult(t, "got bad")(m.Run(t.Context(), "bad"))
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "marshaller failed") || !strings.Contains(log.String(), "web.Fetch") {
		t.Errorf("%d warnings, want one with work and reason:\n%s", n, log.String())
	}
}

func TestAFlowIsRefusedCallsWithoutKey(t *testing.T) {
	bubble(t, func(t *testing.T) {
		m := newMarshalled(echo, WithLogger(quiet()))
		err := runLoop(t, func(ctx context.Context, pass int) error {
			call := m.Start(ctx, "bad")
			if _, err := call.Result(); call.Status().Status != Stopped || !errors.Is(err, errMarshal) {
				t.Errorf("started: status %v and error %v", call.Status().Status, err)
			}
			_, err := m.Run(ctx, "bad")
			return err
		})
		var unkeyed *UnkeyedError
		if !errors.As(err, &unkeyed) || unkeyed.Work != "example.com/web.Fetch" || !errors.Is(err, errMarshal) {
			t.Errorf("error is %v, want an UnkeyedError", err)
		}
		s := m.Stats()
		want(t, "executions", s.Executions, 0)
		want(t, "refused", s.Refused, 2)
		want(t, "unkeyed", s.Unkeyed, 2)
	})
}

func TestUnkeyedErrorsOfNestedCallsAreNotKept(t *testing.T) {
	if lasting(named("a", &UnkeyedError{Work: "b", Err: errMarshal})) {
		t.Error("an UnkeyedError tells of the moment")
	}
}

// An input that can be encoded no more has changed.
func TestInputsThatCannotBeEncodedAnyMoreHaveChanged(t *testing.T) {
	var broken atomic.Bool
	calls := NewCalls(Spec[string, string, string]{
		Name: "example.com/web.Fetch",
		Execute: func(ctx context.Context, arg string) (string, error) {
			broken.Store(true)
			return "got " + arg, nil
		},
		EncodeWork: func(e *key.Encoder) {
			if broken.Load() {
				e.Fail(errMarshal)
			}
		},
	})
	_, err := calls.Run(t.Context(), hashOf("a"), "a", "a")
	var changed *InputChangedError
	if !errors.As(err, &changed) {
		t.Errorf("error is %v, want an InputChangedError", err)
	}
}

// A file may change after its call was identified and before it is made.
func TestInputsOutsideAreThoseTheCallWasMadeFor(t *testing.T) {
	executed := false
	content := "new"
	calls := NewCalls(Spec[key.Fingerprint, string, string]{
		Name:    "example.com/web.Fetch",
		Execute: func(ctx context.Context, arg string) (string, error) { executed = true; return content, nil },
		Encode:  func(_ *string, e *key.Encoder) { e.String(content) },
		Outside: true,
	})
	identify := func(content string) key.Fingerprint {
		e := key.Borrow()
		defer e.Release()
		e.String(content)
		return e.Fingerprint().Clone()
	}
	id := identify("old")
	_, err := calls.Run(t.Context(), id.Hash(), id, "path")
	var changed *InputChangedError
	if !errors.As(err, &changed) || executed {
		t.Errorf("error is %v, executed is %t, want an InputChangedError before the execution", err, executed)
	}
	id = identify("new")
	wantResult(t, "new")(calls.Run(t.Context(), id.Hash(), id, "path"))
	want(t, "pending", calls.Runner().Stats().Pending, 0)
}
