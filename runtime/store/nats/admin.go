package nats

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/store"
)

// Usage implements store.Administrator. It reads all records to count the results.
func (s *Store) Usage(ctx context.Context) (u store.Usage, err error) {
	if err := s.check(ctx); err != nil {
		return u, err
	}
	for _, name := range [...]string{s.names.calls, s.names.history, s.names.chunks, s.names.state, s.names.tasks} {
		info, err := s.streamInfo(ctx, name)
		if err != nil {
			return u, err
		}
		u.Bytes += int64(info.State.Bytes)
		if name == s.names.calls || name == s.names.history {
			u.Records += int64(info.State.Msgs)
		}
	}
	now := s.serverNow()
	err = s.each(ctx, func(st *state) {
		if st.isLive(now) {
			u.Results++
		}
	})
	return u, err
}

// each calls f with the states of all calls.
func (s *Store) each(ctx context.Context, f func(st *state)) error {
	c, err := s.scan(ctx, s.names.calls, s.names.ns+".r.>")
	for err == nil && !c.done() {
		err = c.block(ctx, maxBlock, f)
	}
	return err
}

// Works implements store.Administrator.
func (s *Store) Works(ctx context.Context) ([]string, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	prefix := s.names.ns + ".s.scope."
	subjects, err := s.subjects(ctx, s.names.state, prefix+">")
	if err != nil {
		return nil, err
	}
	works := map[string]bool{}
	for subject := range subjects {
		work, _, _ := strings.Cut(subject[len(prefix):], ".")
		if name, ok := untoken(work); ok {
			works[name] = true
		}
	}
	return slices.Sorted(maps.Keys(works)), nil
}

// subjects returns the subjects of a stream that have messages, and how many.
func (s *Store) subjects(ctx context.Context, stream, filter string) (subjects map[string]uint64, err error) {
	err = s.again(ctx, func(context.Context, int) error { // there may be many pages
		st, err := s.js.Stream(ctx, stream)
		if err != nil {
			return fromJetStream(err)
		}
		info, err := st.Info(ctx, jetstream.WithSubjectFilter(filter))
		if err != nil {
			return fromJetStream(err)
		}
		subjects = info.State.Subjects
		return nil
	})
	return subjects, err
}

// Check implements store.Administrator: it looks whether the streams are as this package made them,
// all records can be read, and large results have their chunks.
func (s *Store) Check(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	for _, c := range s.streams() {
		info, err := s.streamInfo(ctx, c.Name)
		if err == nil {
			err = compare(info.Config, c)
		}
		if err != nil {
			return fmt.Errorf("stream %s: %w", c.Name, err)
		}
	}
	damaged, err := s.damaged(ctx)
	if err == nil && damaged > 0 {
		err = errors.New("nats: namespace " + s.o.Namespace + ": " + strconv.Itoa(damaged) + " calls have damaged records or lack parts of their results")
	}
	return err
}

// damaged returns how many calls cannot be read whole.
func (s *Store) damaged(ctx context.Context) (n int, err error) {
	var large []*state
	err = s.each(ctx, func(st *state) {
		switch {
		case st.damaged != nil:
			n++
		case st.owner() != nil && st.chunks > 0:
			large = append(large, st)
		}
	})
	if err != nil || len(large) == 0 {
		return n, err
	}
	uploads, err := s.uploads(ctx)
	if err != nil {
		return n, err
	}
	for _, st := range large {
		if uploads[s.names.upload(st.Ref, st.owner().Seq, st.upload)] >= st.chunks {
			continue
		}
		now, err := s.newestState(ctx, st.Ref)
		if err != nil {
			return n, err
		}
		if now.seq == st.seq { // it was not dropped meanwhile
			n++
		}
	}
	return n, nil
}

// uploads returns how many chunks there are of each upload.
func (s *Store) uploads(ctx context.Context) (map[string]int, error) {
	subjects, err := s.subjects(ctx, s.names.chunks, s.names.ns+".c.>")
	uploads := map[string]int{}
	for subject := range subjects {
		if i := strings.LastIndexByte(subject, '.'); i > 0 {
			uploads[subject[:i]]++
		}
	}
	return uploads, err
}

// Peek implements store.Administrator.
func (s *Store) Peek(ctx context.Context, r store.Ref) (*store.Entry, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	st, err := s.state(ctx, r)
	if err != nil {
		return nil, err
	}
	damage := st.damaged
	if damage == nil {
		x := st.live(s.serverNow())
		if x == nil {
			return nil, store.ErrNotFound
		}
		var e *store.Entry
		if e, damage = s.entry(st, x, true); damage == nil {
			return e, nil
		}
	}
	return nil, &store.CorruptError{Ref: r, Err: damage}
}
