// Package seal encrypts the arguments of calls in a queue, for secret inputs where others can look
// into it. On the way to a server TLS protects them, too.
//
//	tasks, err := seal.New(results.Queue(), key)
//	train := NewTrainerRunner(&Trainer{}, runtime.WithStore(results), runtime.WithWorkers(tasks, "gpu"))
package seal

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"github.com/workgen/workgen/runtime/queue"
)

// New returns a queue whose arguments nobody can read, or change, who does not have the key: they
// are encrypted by AES-GCM where they are pushed, and decrypted where they are taken. Callers and
// workers seal the same queue with the same keys.
//
// The first key encrypts, and all decrypt: to change it, first give workers both, then callers the
// new one in front, and take the old one away when no task is left that was sealed with it. A key
// has 16, 24 or 32 bytes. A task that no key opens is not executed: the worker says so, and it
// goes back to the queue.
//
// Results, and what records show of arguments, are not sealed; inputs that are marked secret are
// not shown.
func New(q queue.Queue, keys ...[]byte) (queue.Queue, error) {
	if len(keys) == 0 {
		return nil, errors.New("seal: a queue needs a key")
	}
	s := sealed{Queue: q}
	for i, k := range keys {
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, fmt.Errorf("seal: key %d: it has %d bytes: give one of 16, 24 or 32", i+1, len(k))
		}
		// Nonces are random: a key is good for some four thousand million tasks.
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("seal: key %d: %w", i+1, err)
		}
		s.keys = append(s.keys, aead)
	}
	return &s, nil
}

type sealed struct {
	queue.Queue
	keys []cipher.AEAD
}

// Push implements queue.Queue.
func (s *sealed) Push(ctx context.Context, t queue.Task) error {
	t.Args = s.keys[0].Seal(nil, nil, t.Args, bound(&t))
	return s.Queue.Push(ctx, t)
}

// Take implements queue.Queue.
func (s *sealed) Take(ctx context.Context, w queue.Worker) (queue.Task, error) {
	t, err := s.Queue.Take(ctx, w)
	if err != nil {
		return t, err
	}
	for _, k := range s.keys {
		if args, err := k.Open(nil, nil, t.Args, bound(&t)); err == nil {
			t.Args = args
			return t, nil
		}
	}
	t.Args, t.Unreadable = nil, errSealed
	return t, nil
}

var errSealed = errors.New("its arguments are not sealed with a key that is known here: give seal.New the key of the caller")

// bound is what arguments are sealed for, so that nobody can put those of one call into another one.
func bound(t *queue.Task) []byte {
	b := append([]byte(t.Work+"\x00"), t.Key[:]...)
	return append(b, t.Route[:]...)
}
