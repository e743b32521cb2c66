package tier_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
	"github.com/workgen/workgen/runtime/store/tier"
)

func remove(t *testing.T, s store.Store, n byte) int {
	t.Helper()
	deleted, err := s.Delete(ctx, refOf(n))
	if err != nil {
		t.Fatal(err)
	}
	return deleted
}

// copied has a machine copy the result of a call that the shared store has.
func (m *machine) copied(n byte, want string) {
	m.Helper()
	wantResult(m.T, m, n, want)
	m.wantLocal(n, true)
}

// TestWhatIsDeletedElsewhereIsDeletedHere, before that is told.
func TestWhatIsDeletedElsewhereIsDeletedHere(t *testing.T) {
	all, shared := machines(t, 3, tier.Options{})
	a, b, reader := all[0], all[1], machineOf(t, tier.Options{ReadOnly: true}, inMemory(t, 0), all[0].open[1])
	for _, by := range []store.Store{a, shared} {
		put(t, a, recordOf(1), "old")
		told := 0
		for _, m := range []*machine{b, reader} {
			m.copied(1, "old")
			m.OnDelete(func(refs []store.Ref) bool {
				told++
				wantMiss(t, m, 1)
				return false
			})
		}
		if n := remove(t, by, 1); n != 1 {
			t.Errorf("deleted %d", n)
		}
		for _, m := range []*machine{a, b, reader} {
			m.wantLocal(1, false)
		}
		if told != 2 {
			t.Errorf("%d of 2 machines were told", told)
		}
	}
	put(t, b, recordOf(1), "new")
	for _, m := range []*machine{a, b, reader} {
		wantResult(t, m, 1, "new")
	}
}

// TestWhatWasDeletedWhileAMachineWasOff is found out when it is on again: by whomever it was
// deleted, and whatever came after.
func TestWhatWasDeletedWhileAMachineWasOff(t *testing.T) {
	for _, o := range []tier.Options{{}, {ReadOnly: true}} {
		all, shared := machines(t, 1, o)
		m := all[0]
		put(t, shared, recordOf(4), "older")
		remove(t, shared, 4)
		for n := range byte(5) {
			put(t, shared, recordOf(n), "old")
			m.copied(n, "old")
		}
		m.off()
		remove(t, tier.New(memory.New(0), shared.Another(), tier.Options{}), 1)
		remove(t, shared, 2)
		put(t, shared, recordOf(2), "new")
		remove(t, shared, 3)
		put(t, shared, recordOf(3), "other")
		remove(t, shared, 3)
		m.start()
		wantMiss(t, m, 1)
		wantResult(t, m, 2, "new")
		wantMiss(t, m, 3)
		m.shared.Inject(storetest.All, storetest.Refuse) // the others were not dropped
		wantResult(t, m, 0, "old")
		wantResult(t, m, 4, "old")
	}
}

// TestASharedStoreThatDoesNotAnswerAtFirst: copies are found after a second, and what was
// deleted is not, once it answers.
func TestASharedStoreThatDoesNotAnswerAtFirst(t *testing.T) {
	for name, fault := range map[string]storetest.Fault{"refuses": storetest.Refuse, "hangs": storetest.Slow(time.Hour)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, shared := machines(t, 1, tier.Options{})
				m := all[0]
				put(t, shared, recordOf(1), "x")
				m.copied(1, "x")
				m.off()
				remove(t, shared, 1)
				end := m.shared.Inject(storetest.All, fault)
				m.start()
				var told atomic.Bool
				m.OnDelete(func(refs []store.Ref) bool { told.Store(refs[0] == refOf(1)); return true })
				began := time.Now()
				wantResult(t, m, 1, "x")
				if took := time.Since(began); took > time.Second {
					t.Errorf("it took %v", took)
				}
				end()
				time.Sleep(2 * time.Minute)
				wantMiss(t, m, 1)
				if !told.Load() {
					t.Error("that is not told")
				}
			})
		})
	}
}

// TestWithoutTheSharedStore: copies are found, and all else is as without a tier.
func TestWithoutTheSharedStore(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	m := all[0]
	put(t, shared, recordOf(1), "x")
	m.copied(1, "x")
	m.shared.Inject(storetest.All, storetest.Refuse)
	wantResult(t, m, 1, "x")
	if _, _, err := look(m, 2); !errors.Is(err, storetest.ErrFault) {
		t.Errorf("Lookup: %v", err)
	}
	if _, err := m.Begin(ctx, recordOf(2)); !errors.Is(err, storetest.ErrFault) {
		t.Errorf("Begin: %v", err)
	}
	if _, err := m.Delete(ctx, refOf(1)); !errors.Is(err, storetest.ErrFault) {
		t.Errorf("Delete: %v", err)
	}
}

// TestWhatIsDeletedWhileItIsCopied is not kept: at whichever moment.
func TestWhatIsDeletedWhileItIsCopied(t *testing.T) {
	for _, o := range []tier.Options{{}, {ReadOnly: true}} {
		for name, c := range map[string]struct {
			method storetest.Method
			after  bool
		}{
			"before it begins": {method: storetest.Begin}, "after it has begun": {storetest.Begin, true},
			"before it ends": {method: storetest.End}, "after it has ended": {storetest.End, true},
		} {
			t.Run(name, func(t *testing.T) {
				all, shared := machines(t, 1, o)
				m := all[0]
				put(t, shared, recordOf(1), "x")
				done := make(chan struct{})
				m.local.Inject(c.method, storetest.Times(1, func(ctx context.Context, call *storetest.Call) error {
					defer close(done)
					if c.after {
						err := call.Do(ctx)
						remove(t, shared, 1)
						return err
					}
					remove(t, shared, 1)
					return call.Do(ctx)
				}))
				if c.method == storetest.Begin {
					m.local.Inject(storetest.End, func(ctx context.Context, call *storetest.Call) error {
						err := call.Do(ctx)
						wantMiss(t, m, 1) // not even for a moment
						return err
					})
				}
				wantResult(t, m, 1, "x")
				<-done
				m.off()
				m.wantLocal(1, false)
			})
		}
	}
}

// TestDiscardReachesBoth, and not what came since.
func TestDiscardReachesBoth(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	m := all[0]
	for range 2 {
		put(t, shared, recordOf(1), "x")
		m.copied(1, "x")
		e := wantResult(t, m, 1, "x").Result()
		if err := m.Discard(ctx, e, store.Unreadable, "nonsense"); err != nil {
			t.Fatal(err)
		}
		if f := wantMiss(t, m, 1); f.Latest.Status != store.Unreadable || f.Latest.Error != "nonsense" {
			t.Errorf("found %+v", f.Latest)
		}
		put(t, shared, recordOf(1), "y")
		m.copied(1, "y")
		if err := m.Discard(ctx, e, store.Unreadable, "nonsense"); err != nil {
			t.Fatal(err)
		}
		wantResult(t, m, 1, "y")
		remove(t, m, 1)
	}
}

// TestWhatGoesWhileItIsCopied is not kept, also where the shared store tells nobody, or later.
func TestWhatGoesWhileItIsCopied(t *testing.T) {
	for name, remove := range map[string]func(m *machine, e *store.Entry) error{
		"discarded": func(m *machine, e *store.Entry) error { return m.Discard(ctx, e, store.Unreadable, "nonsense") },
		"deleted": func(m *machine, e *store.Entry) error {
			_, err := m.Delete(ctx, e.Ref)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			shared := memory.New(0)
			m := machineOf(t, tier.Options{}, inMemory(t, 0), func() store.Store { return &mute{Store: shared.Another()} })
			put(t, shared, recordOf(1), "x")
			begins, gone := make(chan struct{}), make(chan struct{})
			m.local.Inject(storetest.Begin, func(ctx context.Context, c *storetest.Call) error {
				close(begins)
				<-gone
				return c.Do(ctx)
			})
			e := wantResult(t, m, 1, "x").Result()
			<-begins
			if err := remove(m, e); err != nil {
				t.Fatal(err)
			}
			close(gone)
			m.off()
			m.wantLocal(1, false)
		})
	}
}

// TestWhatIsCopiedWhileItGoes is not kept, whether the copy is made before it has gone or after.
func TestWhatIsCopiedWhileItGoes(t *testing.T) {
	discard := func(m *machine, e *store.Entry) error { return m.Discard(ctx, e, store.Unreadable, "nonsense") }
	for name, c := range map[string]struct {
		readOnly bool
		method   storetest.Method // of the store that decides
		remove   func(m *machine, e *store.Entry) error
	}{
		"discarded":            {false, storetest.Discard, discard},
		"discarded, read only": {true, storetest.Marks, discard},
		"deleted": {false, storetest.Delete, func(m *machine, e *store.Entry) error {
			_, err := m.Delete(ctx, e.Ref)
			return err
		}},
	} {
		for when, after := range map[string]bool{"before": false, "after": true} {
			t.Run(name+", copied "+when, func(t *testing.T) {
				shared := memory.New(0)
				m := machineOf(t, tier.Options{ReadOnly: c.readOnly}, inMemory(t, 0), func() store.Store { return &mute{Store: shared.Another()} })
				put(t, shared, recordOf(1), "x")
				decides := &m.shared
				if c.readOnly {
					decides = &m.local
				}
				begins, gone := make(chan struct{}), make(chan struct{})
				if !after {
					close(gone)
				}
				m.local.Inject(storetest.Begin, func(ctx context.Context, call *storetest.Call) error {
					close(begins)
					<-gone
					return call.Do(ctx)
				})
				decides.Inject(c.method, storetest.Times(1, func(ctx context.Context, call *storetest.Call) error {
					wantResult(t, m, 1, "x")
					<-begins
					m.wantLocal(1, !after)
					return call.Do(ctx)
				}))
				f, _, _ := look(shared, 1)
				if err := c.remove(m, f.Result()); err != nil {
					t.Fatal(err)
				}
				if after {
					close(gone)
				}
				m.off()
				m.wantLocal(1, false)
			})
		}
	}
}

// TestDiscardOfAnOwnResult says nothing of the shared store's, if that can only be read.
func TestDiscardOfAnOwnResult(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{ReadOnly: true})
	m := all[0]
	put(t, m, recordOf(9), "so that tokens differ")
	put(t, m, recordOf(1), "own")
	if err := m.Discard(ctx, wantResult(t, m, 1, "own").Result(), store.Expired, ""); err != nil {
		t.Fatal(err)
	}
	put(t, shared, recordOf(1), "shared")
	wantResult(t, m, 1, "shared")
}

// TestCopiesOfWhatIsDropped: their records go as well, and those of later results stay.
func TestCopiesOfWhatIsDropped(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	m := all[0]
	local := m.open[0]()
	defer local.Close()
	put(t, shared, recordOf(9), "so that tokens differ")
	var evicted []*store.Entry
	for _, data := range []string{"old", "new"} {
		put(t, shared, recordOf(1), data)
		m.copied(1, data)
		e := wantResult(t, m, 1, data).Result()
		if err := m.Discard(ctx, e, store.Evicted, "too many"); err != nil {
			t.Fatal(err)
		}
		evicted = append(evicted, e)
	}
	for i, e := range evicted {
		if err := m.Discard(ctx, &store.Entry{Ref: e.Ref, Token: e.Token}, 0, ""); err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]store.Store{"local": local, "shared": shared} {
			if n := len(records(t, s, store.Filter{Prefix: e.Key.String()})); n != 1-i {
				t.Errorf("after %d of 2 were dropped the %s store has %d records", i+1, name, n)
			}
		}
	}
}

// TestReadOnlyIsSaid when it was not set.
func TestReadOnlyIsSaid(t *testing.T) {
	dir := t.TempDir()
	openDisk(t, disk.Options{Dir: dir})
	log := warnings(t)
	m := machineOf(t, tier.Options{}, inMemory(t, 0), func() store.Store {
		return openDisk(t, disk.Options{Dir: dir, ReadOnly: true})
	})
	for range 2 {
		if _, err := m.Begin(ctx, recordOf(1)); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("Begin: %v", err)
		}
	}
	if n := strings.Count(log.String(), "set tier.Options.ReadOnly"); n != 1 {
		t.Errorf("it is said %d times: %s", n, log)
	}
}

// TestOwnResultsOfTheLocalStore, which was used without a tier: they are found, and deleted, and
// are no copies of what the shared store deletes.
func TestOwnResultsOfTheLocalStore(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	m := all[0]
	put(t, m.open[0](), recordOf(1), "own")
	put(t, m.open[0](), recordOf(2), "own")
	put(t, shared, recordOf(3), "shared")
	wantResult(t, m, 1, "own")
	wantMiss(t, shared, 1)
	m.copied(3, "shared")
	var keys []byte
	for _, r := range records(t, m, store.Filter{Newest: true}) {
		keys = append(keys, r.Key[31])
	}
	if string(keys) != "\x03\x02\x01" {
		t.Errorf("listed %v", keys)
	}
	if n := remove(t, m, 1); n != 1 {
		t.Errorf("deleted %d", n)
	}
	wantMiss(t, m, 1)
	m.off()
	put(t, shared, recordOf(2), "shared")
	remove(t, shared, 2)
	m.start()
	wantResult(t, m, 2, "own")
}

// mute is a store that does not tell what was deleted, or only later.
type mute struct {
	store.Store
	tell func(deleted []store.Ref) bool
}

func (s *mute) OnDelete(tell func(deleted []store.Ref) bool) { s.tell = tell }

// TestWhatAnotherProcessCopiesWhileItIsDeleted is not found by who has deleted it, whenever that is
// told.
func TestWhatAnotherProcessCopiesWhileItIsDeleted(t *testing.T) {
	shared := memory.New(0)
	m := machineOf(t, tier.Options{}, inMemory(t, 0), func() store.Store { return &mute{Store: shared.Another()} })
	other := machineOf(t, tier.Options{}, m.open[0], m.open[1])
	put(t, shared, recordOf(1), "x")
	m.local.Inject(storetest.Delete, func(ctx context.Context, call *storetest.Call) error {
		err := call.Do(ctx)
		other.copied(1, "x")
		return err
	})
	remove(t, m, 1)
	wantMiss(t, m, 1)
}

// TestAStoreThatDoesNotSayWhatWasDeleted: no refs stand for any.
func TestAStoreThatDoesNotSayWhatWasDeleted(t *testing.T) {
	shared := memory.New(0)
	quiet := &mute{Store: shared.Another()}
	m := machineOf(t, tier.Options{}, inMemory(t, 0), func() store.Store { return quiet })
	for n := range byte(2) {
		put(t, shared, recordOf(n), "x")
		m.copied(n, "x")
	}
	remove(t, shared, 1)
	told := make(chan int, 10)
	m.OnDelete(func(refs []store.Ref) bool { told <- len(refs); return true })
	quiet.tell(nil)
	if a, b := <-told, <-told; a+b != 1 { // of none, and of one, in any order
		t.Errorf("told of %d and of %d", a, b)
	}
	m.wantLocal(1, false)
	m.wantLocal(0, true)
}

// TestTheHistoryListsCopiesOnce, as what they are copies of, while the shared store has that.
func TestTheHistoryListsCopiesOnce(t *testing.T) {
	for _, o := range []tier.Options{{}, {ReadOnly: true}} {
		all, shared := machines(t, 1, o)
		m := all[0]
		put(t, shared, recordOf(9), "so that tokens differ")
		token := put(t, shared, recordOf(1), "x")
		m.copied(1, "x")
		for _, f := range []store.Filter{{}, {Newest: true}} {
			f.Prefix = refOf(1).Key.String()
			if got := records(t, m, f); len(got) != 1 {
				t.Errorf("%+v: %d records of one copy", f, len(got))
			}
		}
		m.off()
		m.open[1] = inMemory(t, 0) // another database
		m.start()
		got := records(t, m, store.Filter{Newest: true})
		if len(got) != 1 || got[0].Ref != refOf(1) || got[0].Seq != token && !o.ReadOnly {
			t.Errorf("records %+v, want one of token %d", got, token)
		}
	}
}

// TestReadOnly: what executes here is kept in the local store, and what is deleted here is not
// found again.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	image := openDisk(t, disk.Options{Dir: dir, Relaxed: true})
	for n := byte(1); n <= 5; n++ {
		put(t, image, recordOf(n), "image")
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	m := machineOf(t, tier.Options{ReadOnly: true}, onDisk(t, 0), func() store.Store {
		return openDisk(t, disk.Options{Dir: dir, ReadOnly: true})
	})
	wantResult(t, m, 1, "image")
	put(t, m, recordOf(10), "here")
	if wantResult(t, m, 10, "here"); m.Shared() {
		t.Error("it is shared")
	}
	if f := wantMiss(t, image, 10); f.Latest != nil {
		t.Errorf("the image has %+v", f.Latest)
	}
	if n := remove(t, m, 1); n != 1 { // there is a copy
		t.Errorf("deleted %d", n)
	}
	if n := remove(t, m, 2); n != 1 { // there is none
		t.Errorf("deleted %d", n)
	}
	if n := remove(t, m, 2); n != 0 {
		t.Errorf("deleted %d, again", n)
	}
	e := wantResult(t, m, 3, "image").Result()
	must(m.Discard(ctx, e, store.Unreadable, "nonsense"))
	for range 2 {
		for n := byte(1); n <= 3; n++ {
			wantMiss(t, m, n)
		}
		m.off()
		m.start()
	}
	for _, r := range records(t, m, store.Filter{Status: []store.Status{store.Succeeded}}) {
		if n := r.Key[31]; n <= 3 {
			t.Errorf("call %d is listed as %v", n, r.Status)
		}
	}
	put(t, m, recordOf(1), "again")
	wantResult(t, m, 1, "again")
	wantResult(t, image, 1, "image")

	_, err := image.Delete(ctx, refOf(2))
	must(err)
	put(t, image, recordOf(2), "newer")
	m.copied(2, "newer")

	statuses := map[byte]store.Status{}
	for _, r := range records(t, m, store.Filter{Newest: true}) {
		if _, twice := statuses[r.Key[31]]; twice {
			t.Errorf("call %d is listed twice", r.Key[31])
		}
		statuses[r.Key[31]] = r.Status
	}
	delete(statuses, 3) // if there was a copy of it
	if len(statuses) != 5 || statuses[10] != store.Succeeded || statuses[5] != store.Succeeded {
		t.Errorf("the newest records are %v", statuses)
	}
	testPagesOf(t, m)
	// Who lists all calls to delete them reaches all.
	for _, r := range records(t, m, store.Filter{Newest: true}) {
		remove(t, m, r.Key[31])
	}
	for n := byte(1); n <= 10; n++ {
		wantMiss(t, m, n)
	}
	mark, err := m.SetMark(ctx, "a mark", store.Mark{Value: "kept"})
	must(err)
	if got, err := m.open[0]().Mark(ctx, "a mark"); got != mark || err != nil {
		t.Errorf("the local store has the mark %+v, %v", got, err)
	}
}

// testPagesOf lists the history in parts.
func testPagesOf(t *testing.T, s store.Store) {
	t.Helper()
	whole := records(t, s, store.Filter{})
	var parts []store.Record
	for f := (store.Filter{Limit: 2}); ; f.Before = parts[len(parts)-1].Seq {
		page := records(t, s, f)
		if parts = append(parts, page...); len(page) < f.Limit {
			break
		}
	}
	if len(parts) != len(whole) || len(whole) < 6 {
		t.Fatalf("%d records in parts, and %d in one", len(parts), len(whole))
	}
	for i, r := range whole {
		if parts[i].Seq != r.Seq || i > 0 && r.Seq >= whole[i-1].Seq {
			t.Errorf("record %d has the number %d, and in parts %d", i, r.Seq, parts[i].Seq)
		}
	}
}

// TestWithoutTheSharedStoreThatIsReadOnly: what is in the local store is found.
func TestWithoutTheSharedStoreThatIsReadOnly(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{ReadOnly: true})
	m := all[0]
	put(t, shared, recordOf(1), "x")
	m.copied(1, "x")
	put(t, m, recordOf(2), "y")
	m.shared.Inject(storetest.All, storetest.Refuse)
	wantResult(t, m, 1, "x")
	wantResult(t, m, 2, "y")
	if _, _, err := look(m, 3); !errors.Is(err, storetest.ErrFault) {
		t.Errorf("Lookup: %v", err)
	}
	put(t, m, recordOf(3), "z") // by whoever goes on without it
	wantResult(t, m, 3, "z")
}

// TestWhatAnotherProcessDeletesWhileItIsCopied, of a shared store that is read only: it is not found
// again, in whatever order that happens.
func TestWhatAnotherProcessDeletesWhileItIsCopied(t *testing.T) {
	for _, method := range []storetest.Method{storetest.Begin, storetest.End} {
		all, shared := machines(t, 1, tier.Options{ReadOnly: true})
		m := all[0]
		other := machineOf(t, m.o, m.open[0], m.open[1])
		put(t, shared, recordOf(1), "x")
		done := make(chan struct{})
		m.local.Inject(method, storetest.Times(1, func(ctx context.Context, call *storetest.Call) error {
			defer close(done)
			remove(t, other, 1)
			return call.Do(ctx)
		}))
		wantResult(t, m, 1, "x")
		<-done
		m.off()
		m.wantLocal(1, false)
		m.start()
		wantMiss(t, m, 1)
	}
}

// TestShared: a tier is shared if its shared store is, and has the leases.
func TestShared(t *testing.T) {
	for _, o := range []tier.Options{{}, {ReadOnly: true}} {
		s := tier.New(memory.New(0), ofMany{memory.New(0)}, o)
		if s.Shared() == o.ReadOnly {
			t.Errorf("%+v: shared: %t", o, s.Shared())
		}
		_ = s.Close()
	}
	s := tier.New(ofMany{memory.New(0)}, memory.New(0), tier.Options{})
	defer s.Close()
	if s.Shared() {
		t.Error("it is shared")
	}
}

type ofMany struct{ store.Store }

func (ofMany) Shared() bool { return true }
