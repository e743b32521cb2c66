package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

// testAdministrator is for those stores that can be looked after.
func testAdministrator(t *testing.T, s *suite) {
	a, ok := s.Store.(store.Administrator)
	if !ok {
		t.Skip("this store cannot be looked after")
	}
	other := s.another()
	for n, work := range []string{"v", "w", "w"} {
		s.put(other, recordOf(n, work), []byte("x"))
	}
	if _, err := fail(other, recordOf(3, "u")); err != nil {
		t.Fatal(err)
	}
	works, err := a.Works(ctx)
	if err != nil || len(works) != 3 || works[0] != "u" || works[1] != "v" || works[2] != "w" {
		t.Errorf("works %q, %v", works, err)
	}
	u, err := a.Usage(ctx)
	if err != nil || u.Results != 3 || u.Records != 4 || u.Bytes <= 0 {
		t.Errorf("usage %+v, %v", u, err)
	}
	if err := errors.Join(a.Check(ctx), a.GC(ctx)); err != nil {
		t.Error(err)
	}
	e, err := a.Peek(ctx, refOf(1))
	if err != nil {
		t.Fatal(err)
	}
	if data, err := whole(e); string(data) != "x" || err != nil || e.Ref != refOf(1) {
		t.Errorf("Peek: %q of %v, %v", data, e.Ref, err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	for _, r := range []store.Ref{{Work: "u", Key: keyOf(3)}, refOf(4)} {
		_, err := a.Peek(ctx, r)
		s.wantError("Peek of what has no result", err, store.ErrNotFound)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = a.Peek(ended, refOf(1))
	s.wantError("Peek", err, ended.Err())
	_, err = a.Works(ended)
	s.wantError("Works", err, ended.Err())
	_, err = a.Usage(ended)
	s.wantError("Usage", err, ended.Err())
	s.wantError("Check", a.Check(ended), ended.Err())
	s.wantError("GC", a.GC(ended), ended.Err())
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = a.Peek(ctx, refOf(1))
	s.wantError("Peek", err, store.ErrClosed)
	s.wantError("GC", a.GC(ctx), store.ErrClosed)
}
