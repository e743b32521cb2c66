package storetest_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// faulty is a store with faults, and one call in it.
type faulty struct {
	*testing.T
	store.Store // with faults
	storetest.Faults
	inner *memory.Store
	ref   store.Ref
	nonce uint64
}

func newFaulty(t *testing.T) *faulty {
	f := &faulty{T: t, inner: memory.New(time.Hour), ref: store.Ref{Work: "w", Key: key.Key{1}}}
	f.Store = f.Wrap(f.inner.Another())
	return f
}

func (f *faulty) begin(ctx context.Context) (store.Lease, error) {
	f.nonce++
	return f.Store.Begin(ctx, store.Record{Ref: f.ref, Nonce: f.nonce})
}

// found is what s has of the call, in short.
func (f *faulty) found(s store.Store) string {
	f.Helper()
	found := make([]store.Found, 1)
	if err := s.Lookup(f.Context(), []store.Ref{f.ref}, found); err != nil {
		f.Fatal(err)
	}
	switch {
	case found[0].Result() != nil:
		return string(found[0].Result().Data)
	case found[0].Holder != nil:
		return "held"
	}
	return "nothing"
}

func (f *faulty) want(what string, got, want any) {
	f.Helper()
	if got != want {
		f.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (f *faulty) wantError(what string, err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func TestFaultsAreMetUntilTheyEnd(t *testing.T) {
	f := newFaulty(t)
	end := f.Inject(storetest.Begin|storetest.End, storetest.Refuse)
	_, err := f.begin(t.Context())
	f.wantError("refused", err, storetest.ErrFault)
	f.want("after that there is", f.found(f.inner), "nothing")
	f.want("other methods find", f.found(f.Store), "nothing")
	end()
	l, err := f.begin(t.Context())
	f.wantError("afterwards", err, nil)
	f.want("calls of Begin", f.Calls(storetest.Begin), 2)

	f.Inject(storetest.End, storetest.Full)
	f.Inject(storetest.End, storetest.Times(1, storetest.LoseAnswer)) // is met first
	r := store.Record{Status: store.Succeeded}
	f.wantError("answer lost", f.End(t.Context(), l, r, store.Bytes("x")), storetest.ErrFault)
	f.want("the fault inside is met: there is", f.found(f.inner), "held")
	f.wantError("full", f.End(t.Context(), l, r, store.Bytes("x")), syscall.ENOSPC)
}

func TestAnAnswerThatIsLostWasTrue(t *testing.T) {
	f := newFaulty(t)
	f.Inject(storetest.All, storetest.Every(2, storetest.LoseAnswer))
	l, err := f.begin(t.Context())
	f.wantError("first", err, nil)
	f.wantError("second", f.End(t.Context(), l, store.Record{Status: store.Succeeded}, store.Bytes("x")), storetest.ErrFault)
	f.want("there is", f.found(f.Store), "x")
	found := make([]store.Found, 1)
	f.wantError("fourth", f.Store.Lookup(t.Context(), []store.Ref{f.ref}, found), storetest.ErrFault)
	if found[0].Results != nil {
		t.Error("a lost answer was given")
	}
}

func TestFaultsTakeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFaulty(t)
		f.Inject(storetest.Begin, storetest.For(time.Second, storetest.Refuse))
		_, err := f.begin(t.Context())
		f.wantError("at once", err, storetest.ErrFault)
		time.Sleep(time.Second)
		began := time.Now()
		f.Inject(storetest.Begin|storetest.Renew, storetest.Slow(time.Minute))
		l, err := f.begin(t.Context())
		f.wantError("a second later", err, nil)
		f.want("it took", time.Since(began), time.Minute)

		began = time.Now()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = f.Renew(short, l, store.Record{})
		f.wantError("with a context that ends", err, context.DeadlineExceeded)
		f.want("it took", time.Since(began), time.Second)
	})
}

func TestAStaleLookIsOfBeforeTheEnd(t *testing.T) {
	f := newFaulty(t)
	other := f.Wrap(f.inner.Another())
	l, err := f.begin(t.Context())
	f.wantError("Begin", err, nil)
	f.Inject(storetest.Lookup, storetest.Times(2, storetest.Stale))
	f.want("before the end there is", f.found(other), "held")
	f.wantError("End", f.End(t.Context(), l, store.Record{Status: store.Succeeded}, store.Bytes("x")), nil)
	f.want("another handle finds", f.found(other), "held")
	f.want("and then", f.found(other), "x")
}

func TestALeaseThatWasLostIsFree(t *testing.T) {
	f := newFaulty(t)
	end := f.Inject(storetest.Renew|storetest.End, storetest.LoseLease)
	l, err := f.begin(t.Context())
	f.wantError("Begin", err, nil)
	_, err = f.Renew(t.Context(), l, store.Record{})
	f.wantError("Renew", err, store.ErrLost)
	f.want("there is", f.found(f.inner), "nothing")
	end()
	f.wantError("End", f.End(t.Context(), l, store.Record{Status: store.Succeeded}, store.Bytes("x")), store.ErrLost)
}
