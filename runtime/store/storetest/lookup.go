package storetest

import (
	"bytes"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// large is a result that is not kept as small ones are.
var large = bytes.Repeat([]byte("a large result "), 100_000)

// testLookup looks up calls of all kinds in one question, some of them twice.
func testLookup(t *testing.T, s *suite) {
	const most = 5 * kinds
	other := s.another()
	until := map[store.Ref]time.Time{} // when leases expire
	var refs []store.Ref
	for n := range most {
		refs = append(refs, refOf(n))
		if l := s.make(other, n); l.Token != 0 {
			until[l.Ref] = l.Expires
		}
	}
	refs = append(refs, refOf(1), refOf(2))
	for _, h := range []store.Store{s, other} {
		found := make([]store.Found, len(refs))
		asked := time.Now()
		if err := h.Lookup(ctx, refs, found); err != nil {
			t.Fatal(err)
		}
		for i, f := range found {
			n := i
			if i >= most {
				n = 1 + i - most
			}
			s.wantKind(n, f, asked.Before(until[refs[i]]) && time.Now().Before(until[refs[i]]))
			closeAll(f)
		}
	}
	if err := s.Lookup(ctx, nil, nil); err != nil {
		t.Errorf("Lookup of nothing: %v", err)
	}
}

// kinds is how many kinds of calls there are: what make makes of call n is kind n%kinds.
const kinds = 7

// make returns the lease if the call is held.
func (s *suite) make(other store.Store, n int) (l store.Lease) {
	r := recordOf(n, "w")
	switch n % kinds {
	case 1:
		s.put(s, r, []byte("small"))
	case 2:
		s.put(s, r, large)
	case 3, 4:
		if _, err := fail(s, r); err != nil {
			s.Fatal(err)
		}
	case 5:
		r.Expires = time.Now().Add(-time.Minute)
		s.put(s, r, []byte("old"))
	case 6:
		return s.begin(s, n)
	}
	if n%kinds == 4 {
		return s.begin(other, n)
	}
	return l
}

// wantKind checks what there is of call n. held says that its lease cannot have expired.
func (s *suite) wantKind(n int, f store.Found, held bool) {
	s.Helper()
	var data, want []byte
	latest, holder := store.Status(0), false
	switch n % kinds {
	case 1:
		want = []byte("small")
	case 2:
		want = large
	case 3:
		latest = store.Failed
	case 4:
		latest, holder = store.Failed, true
	case 5:
		latest = store.Expired
	case 6:
		holder = true
	}
	if e := f.Result(); e != nil {
		var err error
		if data, err = whole(e); err != nil || e.Ref != refOf(n) || len(f.Results) != 1 {
			s.Errorf("call %d: result of %v, error %v", n, e.Ref, err)
		}
	}
	if !bytes.Equal(data, want) {
		s.Errorf("call %d: result of %d bytes, want %d", n, len(data), len(want))
	}
	is := store.Status(0)
	if holder && !held && f.Latest != nil && f.Latest.Status == store.Lost {
		return
	}
	if f.Latest != nil {
		is = f.Latest.Status
		if f.Latest.Ref != refOf(n) || latest == store.Failed && f.Latest.Error != "once: no such file" {
			s.Errorf("call %d: newest record %+v", n, f.Latest)
		}
	}
	if is != latest {
		s.Errorf("call %d: the newest execution has %v, want %v", n, is, latest)
	}
	if f.Holder != nil && (!holder || f.Holder.Ref != refOf(n)) || f.Holder == nil && holder && held {
		s.Errorf("call %d: holder %+v, want one: %v", n, f.Holder, holder)
	}
}
