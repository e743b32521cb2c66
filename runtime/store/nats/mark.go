package nats

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"

	natsgo "github.com/nats-io/nats.go"

	"github.com/workgen/workgen/runtime/store"
)

// writerHeader says who has set a mark, at random: who has lost the answer finds itself there.
const writerHeader = "Workgen-Write"

// Mark implements store.Store.
func (s *Store) Mark(ctx context.Context, name string) (store.Mark, error) {
	if err := s.check(ctx); err != nil {
		return store.Mark{}, err
	}
	m, err := s.leader(ctx, s.names.state, s.names.mark(name))
	if m == nil || err != nil {
		return store.Mark{}, err
	}
	return store.Mark{Version: m.seq, Value: string(m.data)}, nil
}

// SetMark implements store.Store.
func (s *Store) SetMark(ctx context.Context, name string, m store.Mark) (store.Mark, error) {
	if err := s.checkWrite(ctx); err != nil {
		return store.Mark{}, err
	}
	seq, err := s.set(ctx, s.names.mark(name), m.Version, []byte(m.Value))
	if errors.Is(err, errConflict) {
		return store.Mark{}, store.ErrConflict
	}
	return store.Mark{Version: seq, Value: m.Value}, err
}

// set stores a value whose last one has a sequence number, or returns errConflict.
func (s *Store) set(ctx context.Context, subject string, expect uint64, value []byte) (uint64, error) {
	write := strconv.FormatUint(rand.Uint64(), 36)
	seq, unsure, err := s.publish(ctx, subject, expect, natsgo.Header{writerHeader: {write}}, value)
	if unsure && errors.Is(err, errConflict) {
		there, failed := s.leader(ctx, s.names.state, subject)
		if failed != nil {
			return 0, failed
		}
		if there != nil && there.header.Get(writerHeader) == write {
			return there.seq, nil
		}
	}
	return seq, err
}
