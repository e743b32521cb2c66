package nats

import (
	"context"

	"github.com/workgen/workgen/runtime/internal/blob"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// The arguments of a call that are short are a header of its message, of which programs of older
// versions know nothing. Longer ones are a message of their own, compressed, that is put before the
// execution begins, and is removed when the call has gone: by the collector, or with its record.
const (
	argumentsHeader = "Workgen-Arguments"
	shortArguments  = 2 << 10
)

// short returns arguments that go into the header.
func short(arguments []byte) []byte {
	if len(arguments) > shortArguments {
		return nil
	}
	return arguments
}

// keepArguments keeps the arguments of an execution that begins, if they are long.
func (s *Store) keepArguments(ctx context.Context, x *store.Record) error {
	if len(x.Arguments) <= shortArguments {
		return nil
	}
	m, err := s.direct(ctx, s.names.state, s.names.arguments(x.Key))
	if m != nil || err != nil {
		return err
	}
	_, _, err = s.publish(ctx, s.names.arguments(x.Key), anything, nil, blob.Compress(nil, x.Arguments))
	return err
}

// arguments returns those of a call, nil if there are none.
func (s *Store) arguments(ctx context.Context, r store.Ref) ([]byte, error) {
	st, err := s.state(ctx, r)
	if err != nil || st.args != nil {
		return st.args, err
	}
	m, err := s.read(ctx, s.names.state, s.names.arguments(r.Key))
	if m == nil || err != nil {
		return nil, err
	}
	data, err := blob.Decompress(m.data, store.MaxArguments)
	if err != nil {
		return nil, nil // they are damaged
	}
	return data, nil
}

// longArguments returns the calls of which there are long ones.
func (s *Store) longArguments(ctx context.Context) (map[key.Key]bool, error) {
	prefix := s.names.ns + ".s.arguments."
	subjects, err := s.subjects(ctx, s.names.state, prefix+">")
	calls := map[key.Key]bool{}
	for subject := range subjects {
		if k, err := key.Parse(subject[len(prefix):]); err == nil {
			calls[k] = true
		}
	}
	return calls, err
}

// forgetArguments removes long ones of a call that has gone.
func (s *Store) forgetArguments(ctx context.Context, k key.Key) error {
	m, err := s.leader(ctx, s.names.state, s.names.arguments(k))
	if m == nil || err != nil {
		return err
	}
	_, err = s.remove(ctx, s.names.state, m.seq)
	return err
}
