package nats

import (
	"context"
	"slices"
	"strconv"
	"sync"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/internal/audience"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Those who keep results in memory are told which calls were deleted. Delete stores their keys under
// one subject, which the server publishes again, and every Store that has somebody to tell looks
// twice a second whether it has missed something. Then it says that any call may have been
// deleted.
type deletions struct {
	s        *Store
	audience audience.Audience
	telling  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	begun  bool
	seen   uint64 // sequence number of the last message that they were told of
	missed uint64 // of one that was not heard when it was looked last time
}

// maxDeleted is how many keys are in one message. More are any.
const maxDeleted = 2000

// OnDelete implements store.Store. The works of the calls are not told.
func (s *Store) OnDelete(tell func(deleted []store.Ref) bool) {
	d := &s.deleted
	d.mu.Lock()
	defer d.mu.Unlock()
	d.audience.Add(tell)
	if !d.begun && !s.closed.Load() {
		d.begun = true
		d.start()
	}
}

// start begins to listen. mu is held.
func (d *deletions) start() {
	s := d.s
	ctx, cancel := context.WithTimeout(s.running, attempt)
	defer cancel()
	if m, err := s.leader(ctx, s.names.state, s.names.deleted()); m != nil && err == nil {
		d.seen = m.seq
	}
	sub, err := s.nc.Subscribe(s.names.told(), d.hear)
	if err != nil {
		return // looking has to do
	}
	s.live.wg.Go(func() {
		<-s.running.Done()
		_ = sub.Unsubscribe()
	})
}

// announce says that calls were deleted.
func (d *deletions) announce(ctx context.Context, refs []store.Ref) error {
	var b []byte
	if len(refs) <= maxDeleted {
		for _, r := range refs {
			b = append(b, r.Key[:]...)
		}
	}
	_, _, err := d.s.publish(ctx, d.s.names.deleted(), anything, nil, b)
	d.tell(refs)
	return err
}

// hear is told of what was deleted by the server.
func (d *deletions) hear(m *natsgo.Msg) {
	seq, err := strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
	last, err2 := strconv.ParseUint(m.Header.Get(jetstream.LastSequenceHeader), 10, 64)
	if err != nil || err2 != nil {
		return
	}
	d.mu.Lock()
	news, gap := seq > d.seen, last > d.seen
	if news {
		d.seen = seq
	}
	d.mu.Unlock()
	switch {
	case news && gap:
		d.tell(nil)
	case news:
		d.tell(refsOf(m.Data))
	}
}

// refsOf returns the calls that a message names; none are any.
func refsOf(b []byte) (refs []store.Ref) {
	for part := range slices.Chunk(b, len(key.Key{})) {
		if len(part) < len(key.Key{}) {
			return nil
		}
		refs = append(refs, store.Ref{Key: key.Key(part)})
	}
	return refs
}

// tell tells everybody that calls were deleted, unless the Store is closed.
func (d *deletions) tell(refs []store.Ref) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.telling.Add(1)
	defer d.telling.Done()
	d.mu.Unlock()
	d.audience.Tell(refs)
}

// close waits until nobody is told any more.
func (d *deletions) close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.telling.Wait()
}

// look tells that any call may have been deleted, if a message was not heard that was there the
// last time already.
func (d *deletions) look(ctx context.Context) {
	if d.audience.IsEmpty() {
		return
	}
	m, err := d.s.askDirect(ctx, d.s.names.state, d.s.names.deleted())
	if err != nil || m == nil {
		return
	}
	d.mu.Lock()
	lost := m.seq > d.seen && d.missed > d.seen
	if d.missed = m.seq; lost {
		d.seen = m.seq
	}
	d.mu.Unlock()
	if lost {
		d.tell(nil)
	}
}
