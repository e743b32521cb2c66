// Package durable is a store as the runner of one work uses it: it is asked again until it
// answers, what it cannot do is counted and said, its results are decoded, and the leases of
// executions are renewed. It knows nothing of calls.
package durable

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/workgen/workgen/runtime/internal/backoff"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// Store is the store of one work. The fields are set before its first use and not changed
// after it. All methods may be called concurrently, without locks.
type Store struct {
	Store  store.Store
	Work   string        // full name
	Schema string        // identifies the types of inputs and results
	Codec  store.Codec   // for the results
	TTL    time.Duration // results are too old after it, whatever the store says; 0: never
	Limit  time.Duration // how long the store is asked until it answers
	Block  bool          // it is asked without a limit
	Strict bool          // a lease is lost as soon as it could not be renewed in time

	MaxResults int // that the store keeps of the work, about, and as many records without one; 0: no bound

	Log func(level slog.Level, message string, attrs ...slog.Attr)

	mu       sync.Mutex
	failures int64
	warned   time.Time   // when a failure was said last
	silent   time.Time   // since when the store does not answer; zero when it does
	isSilent atomic.Bool // silent is not zero

	silences [kinds]silence
	quota    quota
}

// kind is what a store is asked for. One that is full can be read, and deletes.
type kind int

const (
	looking   kind = iota
	beginning      // an execution
	ending         // it, with its result: a store that can do that can do everything
	returning      // a lease
	deleting
	kinds
)

// silence is that of a store to questions of one kind. mu of the Store guards it.
type silence struct {
	since time.Time // when it did not answer first; zero while it answers
	last  time.Time // when it did not answer last
	next  time.Time // not before is it asked again, when it was silent for long enough
	err   error     // what it said last
}

// Origin says where calls of this process execute.
var Origin = sync.OnceValue(func() store.Origin {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	program := "?"
	if len(os.Args) > 0 {
		program = filepath.Base(os.Args[0])
	}
	return store.Origin{Host: host, PID: os.Getpid(), Program: program}
})

// quiet is how long nothing is said of failures after one was.
const quiet = 10 * time.Second

// pauses are those between two tries to ask a store.
var pauses = backoff.Policy{First: 10 * time.Millisecond, Most: time.Second, Jitter: 0.3}

// Answered reports whether an error of a store is an answer, so that it is of no use to ask
// again.
func Answered(err error) bool {
	for _, answer := range []error{store.ErrNotFound, store.ErrHeld, store.ErrFinished, store.ErrLost, store.ErrTooLarge, store.ErrReadOnly, store.ErrClosed} {
		if errors.Is(err, answer) {
			return true
		}
	}
	var (
		corrupt  *store.CorruptError
		encoding *store.EncodingError
	)
	return err == nil || errors.As(err, &corrupt) || errors.As(err, &encoding)
}

// ask asks the store by f, again and again until it answers, ctx ends, or it was asked for
// as long as Limit says; then ask returns what the store said last. When others have waited
// for that long already it is asked once, and if that was just now, a call that has not begun
// to execute goes on without asking.
func (s *Store) ask(ctx context.Context, what kind, f func(ctx context.Context) error) error {
	once, err := s.spent(what)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(s.Limit)
	for tries, said := 1, error(nil); ; tries++ {
		if s.Block {
			deadline = time.Now().Add(s.Limit)
		}
		try, cancel := context.WithDeadline(ctx, deadline)
		err := f(try)
		cancel()
		if said == nil || !errors.Is(err, context.DeadlineExceeded) {
			said = err
		}
		if Answered(err) {
			s.answers(what)
			return err
		}
		if ctx.Err() != nil {
			return err
		}
		s.isNotAnswering(what, time.Now(), said)
		pause := pauses.Wait(tries)
		if !s.Block {
			pause = min(pause, time.Until(deadline))
		}
		if once || pause <= 0 || !backoff.Sleep(ctx, pause) {
			return said
		}
	}
}

// probeEvery is how often a store is asked that was silent for as long as Limit says.
const probeEvery = time.Second

// spent reports whether the store was silent for as long as Limit says, so that it is to be
// asked once. err is what it said last if it is not to be asked at all.
func (s *Store) spent(what kind) (once bool, err error) {
	if s.Block || !s.isSilent.Load() {
		return false, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	to, now := &s.silences[what], time.Now()
	switch {
	case to.since.IsZero() || now.Sub(to.since) < s.Limit:
		return false, nil
	case now.Sub(to.last) > s.Limit+probeEvery: // nobody knows whether it still is
		to.since = now
		return false, nil
	case now.Before(to.next) && what <= beginning:
		return true, to.err
	}
	to.next = now.Add(s.Limit + probeEvery) // unless this one is told before
	return true, nil
}

// isNotAnswering notes that the store has not answered since then, and says it once.
func (s *Store) isNotAnswering(what kind, since time.Time, err error) {
	s.mu.Lock()
	to, now := &s.silences[what], time.Now()
	if to.since.IsZero() || since.Before(to.since) {
		to.since = since
	}
	to.last, to.next, to.err = now, now.Add(probeEvery), err
	first := s.silent.IsZero()
	if first {
		s.silent = now
		s.isSilent.Store(true)
	}
	s.mu.Unlock()
	if first {
		s.Log(slog.LevelWarn, "the store does not answer: calls wait for it", slog.String("error", preview.Error(err)))
	}
}

// answers notes that the store answers, and says once that it does so again.
func (s *Store) answers(what kind) {
	if !s.isSilent.Load() {
		return
	}
	s.mu.Lock()
	s.silences[what] = silence{}
	if what == ending {
		s.silences = [kinds]silence{}
	}
	since, again := s.silent, true
	for i := range s.silences {
		again = again && s.silences[i].since.IsZero()
	}
	if again {
		s.silent = time.Time{}
		s.isSilent.Store(false)
	}
	s.mu.Unlock()
	if again && !since.IsZero() {
		s.Log(slog.LevelInfo, "the store answers again", slog.Duration("after", time.Since(since)))
	}
}

// Silent returns since when the store does not answer, and what it said last. since is zero if
// it does, or was not asked for so long that nobody knows.
func (s *Store) Silent() (since time.Time, err error) {
	if !s.isSilent.Load() {
		return since, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var last time.Time
	for i := range s.silences {
		if to := &s.silences[i]; to.last.After(last) {
			last, err = to.last, to.err
		}
	}
	if time.Since(last) > s.Limit+probeEvery {
		return since, nil
	}
	return s.silent, err
}

// Failed counts what the store could not do, and says it, at most every ten seconds; but
// not if it is because ctx has ended.
func (s *Store) Failed(ctx context.Context, what string, err error) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	s.failures++
	n, now := s.failures, time.Now()
	say := now.Sub(s.warned) >= quiet
	if say {
		s.warned = now
	}
	s.mu.Unlock()
	if say {
		s.Log(slog.LevelWarn, what, slog.Any("error", err), slog.Int64("errors", n))
	}
}

// Failures returns how often Failed was told of something.
func (s *Store) Failures() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures
}
