package sales

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// earlier is a store in which all was written at another time by another process, and took longer:
// what takes a millisecond has taken a second.
type earlier struct {
	store.Store
	began, at time.Time
	pid       int
	dies      bool
}

const slower = 1000

func (s *earlier) then(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return s.at.Add(slower * t.Sub(s.began))
}

func (s *earlier) record(x store.Record) store.Record {
	x.Requested, x.Started, x.Finished, x.Retry = s.then(x.Requested), s.then(x.Started), s.then(x.Finished), s.then(x.Retry)
	x.Origin = store.Origin{Host: "batch-2", PID: s.pid, Program: "sales"}
	return x
}

// Begin implements store.Store.
func (s *earlier) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	return s.Store.Begin(ctx, s.record(x))
}

// Renew implements store.Store.
func (s *earlier) Renew(ctx context.Context, l store.Lease, x store.Record) (store.Lease, error) {
	return s.Store.Renew(ctx, l, s.record(x))
}

// End implements store.Store. The first of the runs has died when it had made its report: nobody has
// heard of that.
func (s *earlier) End(ctx context.Context, l store.Lease, x store.Record, result io.WriterTo) error {
	if s.dies && strings.HasSuffix(x.Work, ".Report") {
		return nil
	}
	return s.Store.End(ctx, l, s.record(x), result)
}
