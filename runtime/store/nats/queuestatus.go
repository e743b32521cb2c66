package nats

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
)

// Status implements queue.Queue.
func (q *tasks) Status(ctx context.Context) (st queue.Status, err error) {
	s := q.s
	if err := s.check(ctx); err != nil {
		return st, err
	}
	now := s.serverNow()
	err = q.workers(ctx, func(m *message, w queue.Worker) {
		if now.Sub(m.at) < s.o.AckWait {
			w.Seen = s.fromServer(m.at)
			st.Workers = append(st.Workers, w)
		}
	})
	if err != nil {
		return st, err
	}
	slices.SortFunc(st.Workers, func(a, b queue.Worker) int {
		return cmp.Or(cmp.Compare(a.Origin.String(), b.Origin.String()), cmp.Compare(a.ID, b.ID))
	})
	lengths := map[group]*queue.Length{}
	err = q.each(ctx, s.names.ns+".t.>", func(t *task) { s.count(lengths, t, now) })
	for _, l := range lengths {
		st.Lengths = append(st.Lengths, *l)
	}
	slices.SortFunc(st.Lengths, func(a, b queue.Length) int {
		return cmp.Or(cmp.Compare(a.Pool, b.Pool), cmp.Compare(a.Work, b.Work), slices.Compare(a.Route[:], b.Route[:]))
	})
	return st, err
}

// count adds a task to the length of its group.
func (s *Store) count(lengths map[group]*queue.Length, t *task, now time.Time) {
	l := lengths[t.group()]
	if l == nil {
		pool, _ := untoken(t.pool)
		route, _ := key.Parse(t.route)
		l = &queue.Length{Pool: pool, Work: t.Work, Route: queue.Route(route)}
		lengths[t.group()] = l
	}
	if t.isTaken(now) {
		l.Taken++
		return
	}
	l.Queued++
	if at := s.fromServer(time.UnixMicro(t.Queued)); l.Oldest.IsZero() || at.Before(l.Oldest) {
		l.Oldest = at
	}
}

// workers calls f with the workers that have reported, whether they are there or not.
func (q *tasks) workers(ctx context.Context, f func(m *message, w queue.Worker)) error {
	c, err := q.s.scan(ctx, q.s.names.state, q.s.names.ns+".s.worker.*")
	if err != nil {
		return err
	}
	return c.all(ctx, func(m *message) error {
		var w queue.Worker
		b, err := base64.RawURLEncoding.DecodeString(m.header.Get(stateHeader))
		if err == nil && json.Unmarshal(b, &w) == nil {
			f(m, w)
		}
		return nil
	})
}

// forgetWorkers drops workers that have not reported for long.
func (q *tasks) forgetWorkers(ctx context.Context) error {
	var gone []uint64
	now := q.s.serverNow()
	err := q.workers(ctx, func(m *message, _ queue.Worker) {
		if now.Sub(m.at) > 10*q.s.o.AckWait {
			gone = append(gone, m.seq)
		}
	})
	for _, seq := range gone {
		if err == nil {
			_, err = q.s.remove(ctx, q.s.names.state, seq)
		}
	}
	return err
}
