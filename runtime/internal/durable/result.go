package durable

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// Ref names a call of the work.
func (s *Store) Ref(k key.Key) store.Ref { return store.Ref{Work: s.Work, Key: k} }

// Lookup returns what the store has of a call. The caller closes it.
func (s *Store) Lookup(ctx context.Context, k key.Key) (store.Found, error) {
	refs := []store.Ref{s.Ref(k)}
	found := make([]store.Found, 1)
	err := s.ask(ctx, looking, func(ctx context.Context) error { return s.Store.Lookup(ctx, refs, found) })
	return found[0], err
}

// LookupAll is Lookup of many calls. The store is asked once, and not at all while it is silent: what an
// error means for one of the calls, Lookup says.
func (s *Store) LookupAll(ctx context.Context, keys []key.Key) ([]store.Found, error) {
	if s.isSilent.Load() {
		return nil, errSilent
	}
	refs := make([]store.Ref, len(keys))
	for i, k := range keys {
		refs[i] = s.Ref(k)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, s.Limit)
	defer cancel()
	found := make([]store.Found, len(keys))
	err := s.Store.Lookup(ctx, refs, found)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		s.isNotAnswering(looking, began, err) // so that nobody waits for as long again
	}
	return found, err
}

var errSilent = errors.New("the store does not answer")

// Get sets what ptr points to, to the result that the store has of a call, and returns when
// that expires, zero for never, and whether there is one.
func (s *Store) Get(ctx context.Context, k key.Key, ptr any) (expires time.Time, ok bool) {
	found, err := s.Lookup(ctx, k)
	if err != nil {
		s.Failed(ctx, "a stored result cannot be read", err)
		return expires, false
	}
	return s.Read(ctx, &found, ptr)
}

// Read is Get of a call that was looked up. It closes the result. What cannot be read, or is
// too old, is not there, and dropped from the store.
func (s *Store) Read(ctx context.Context, found *store.Found, ptr any) (expires time.Time, ok bool) {
	if found.Damaged != nil {
		s.Failed(ctx, "a stored result cannot be read, and is executed", found.Damaged)
	}
	e := found.Result()
	if e == nil {
		return expires, false
	}
	defer e.Close()
	expires = e.Expires
	if s.TTL > 0 {
		if own := e.Finished.Add(s.TTL); expires.IsZero() || own.Before(expires) {
			expires = own
		}
	}
	how, why := store.Expired, ""
	if !store.HasExpired(e.Finished, expires, time.Now()) {
		err := s.Decode(e, ptr)
		if err == nil {
			return expires, true
		}
		how, why = store.Unreadable, redact.Text(preview.Error(err))
		s.Failed(ctx, "a stored result cannot be read, and is executed", err)
	}
	if err := s.Store.Discard(ctx, e, how, why); err != nil {
		s.Failed(ctx, "a stored result cannot be discarded", err)
	}
	return time.Time{}, false
}

// Decode reads a result into ptr, which points to zero if that fails.
func (s *Store) Decode(e *store.Entry, ptr any) error {
	zero := reflect.ValueOf(ptr).Elem()
	zero.SetZero()
	err := s.Codec.Decode(e, s.Schema, ptr)
	if err != nil {
		zero.SetZero()
	}
	return err
}

// Delete deletes what the store has of calls, and reports whether there was anything. A zero
// key is that of no call.
func (s *Store) Delete(ctx context.Context, keys ...key.Key) (deleted bool) {
	refs := make([]store.Ref, 0, len(keys))
	for _, k := range keys {
		if !k.IsZero() {
			refs = append(refs, s.Ref(k))
		}
	}
	if len(refs) == 0 {
		return false
	}
	err := s.ask(ctx, deleting, func(ctx context.Context) error {
		n, err := s.Store.Delete(ctx, refs...)
		deleted = n > 0 || deleted
		return err
	})
	if err != nil {
		s.Failed(ctx, "stored results cannot be deleted", err)
	}
	return deleted
}

// DeleteAll deletes what the store has of all calls of the work.
func (s *Store) DeleteAll(ctx context.Context) {
	s.deleteFunc(ctx, store.Filter{}, func(*store.Record) bool { return true })
}

// DeleteFunc deletes what the store has of the calls of the work whose newest records match. These have
// their Arguments, if the store has them.
func (s *Store) DeleteFunc(ctx context.Context, match func(*store.Record) bool) {
	s.deleteFunc(ctx, store.Filter{Arguments: true}, match)
}

func (s *Store) deleteFunc(ctx context.Context, f store.Filter, match func(*store.Record) bool) {
	const batch = 500
	var keys []key.Key
	f.Work, f.Newest = s.Work, true
	for rec, err := range s.Store.History(ctx, f) {
		if err != nil {
			s.Failed(ctx, "stored results cannot be listed", err)
			break
		}
		if !match(&rec) {
			continue
		}
		if keys = append(keys, rec.Key); len(keys) == batch {
			s.Delete(ctx, keys...)
			keys = keys[:0]
		}
	}
	s.Delete(ctx, keys...)
}
