package tier_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
	"github.com/workgen/workgen/runtime/store/tier"
)

// TestAResultIsCopiedOnce: it is found without the shared store from then on, as it is there.
func TestAResultIsCopiedOnce(t *testing.T) {
	for _, o := range []tier.Options{{}, {ReadOnly: true}} {
		all, shared := machines(t, 1, o)
		m, r := all[0], recordOf(1)
		r.Expires = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
		put(t, shared, recordOf(9), "so that tokens differ")
		token := put(t, shared, r, "x")
		first := wantResult(t, m, 1, "x").Result()
		m.wantLocal(1, true)
		calls := m.shared.Calls(storetest.All)
		m.shared.Inject(storetest.All, storetest.Refuse)
		e := wantResult(t, m, 1, "x").Result()
		if e.Token != token || !e.Finished.Equal(r.Finished) || !e.Expires.Equal(r.Expires) || e.Size != 1 || first.Token != token {
			t.Errorf("the copy is %+v, and was %+v, of token %d", e, first, token)
		}
		if n := m.shared.Calls(storetest.All); n != calls {
			t.Errorf("the shared store was asked %d times for a copy", n-calls)
		}
		got := records(t, m.open[0](), store.Filter{})
		want := r
		want.Log += "workgen: copied from the shared store, where its record is 2\n"
		want.Size = 1
		if len(got) != 1 {
			t.Fatalf("%d records of one copy", len(got))
		}
		if diff := cmp.Diff(want, got[0], cmpopts.IgnoreFields(store.Record{}, "Seq", "Used", "Hits")); diff != "" {
			t.Errorf("record of a copy (-want +got):\n%s", diff)
		}
	}
}

// TestTheRecordOfACopySaysWhoHasWrittenIt in the shared store.
func TestTheRecordOfACopySaysWhoHasWrittenIt(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	m := all[0]
	r := recordOf(1)
	r.Writer = "ci, \"nightly\"\n" // the store in memory keeps what it is given
	token := put(t, shared, r, "x")
	m.copied(1, "x")
	got := records(t, m.open[0](), store.Filter{})
	if len(got) != 1 || got[0].Writer != "" || !strings.HasSuffix(got[0].Log, `, written by "ci, \"nightly\"\n"`+"\n") {
		t.Errorf("record %+v", got)
	}
	if e := wantResult(t, m, 1, "x").Result(); e.Token != token {
		t.Errorf("token %d, want %d", e.Token, token)
	}
}

// TestALookAsksTheSharedStoreOnce for all that is missing.
func TestALookAsksTheSharedStoreOnce(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	m := all[0]
	put(t, m, recordOf(1), "local")
	put(t, shared, recordOf(2), "shared")
	put(t, shared, recordOf(3), "too")
	before := m.shared.Calls(storetest.Lookup)
	found := make([]store.Found, 4)
	if err := m.Lookup(ctx, []store.Ref{refOf(1), refOf(2), refOf(4), refOf(3)}, found); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"local", "shared", "", "too"} {
		if e := found[i].Result(); (e == nil) != (want == "") || e != nil && string(e.Data) != want {
			t.Errorf("result %d is %+v, want %q", i, e, want)
		}
	}
	if n := m.shared.Calls(storetest.Lookup) - before; n != 1 {
		t.Errorf("the shared store was asked %d times", n)
	}
}

// TestWhatExecutesHereIsInBoth, unless nobody knows which of two results the shared store has.
func TestWhatExecutesHereIsInBoth(t *testing.T) {
	all, shared := machines(t, 2, tier.Options{})
	m, other := all[0], all[1]
	token := put(t, m, recordOf(1), "x")
	m.wantLocal(1, true)
	if e := wantResult(t, m, 1, "x").Result(); e.Token != token {
		t.Errorf("token %d, want %d", e.Token, token)
	}
	wantResult(t, shared, 1, "x")

	for _, h := range []*machine{m, other} {
		n := byte(2)
		if h == other {
			n++
		}
		l, err := m.Begin(ctx, recordOf(n))
		if err != nil {
			t.Fatal(err)
		}
		end := m.shared.Inject(storetest.End, storetest.LoseAnswer)
		if err := m.End(ctx, l, recordOf(n), store.Bytes("first")); !errors.Is(err, storetest.ErrFault) {
			t.Fatal(err)
		}
		end()
		if err := h.End(ctx, l, recordOf(n), store.Bytes("second")); err != nil {
			t.Fatal(err)
		}
		h.wantLocal(n, false)
		wantResult(t, h, n, "first")
	}
	// What the shared store does not have, the local one does not have either.
	l, err := m.Begin(ctx, recordOf(4))
	if err != nil {
		t.Fatal(err)
	}
	m.shared.Inject(storetest.End, storetest.Refuse)
	if err := m.End(ctx, l, recordOf(4), store.Bytes("x")); !errors.Is(err, storetest.ErrFault) {
		t.Errorf("End: %v", err)
	}
	m.wantLocal(4, false)
}

// diskMachine has both stores on disk, and returns the directories.
func diskMachine(t *testing.T) (m *machine, local, shared string) {
	local, shared = t.TempDir(), t.TempDir()
	opener := func(dir string) func() store.Store {
		return func() store.Store { return openDisk(t, disk.Options{Dir: dir, Relaxed: true}) }
	}
	return machineOf(t, tier.Options{}, opener(local), opener(shared)), local, shared
}

// random returns bytes that cannot be compressed.
func random(n int) string {
	b, x := make([]byte, n), uint32(1)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return string(b)
}

// theFile returns the only file of large results in a store.
func theFile(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "results", "*", "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	return files[0]
}

// damage changes a byte of it.
func damage(t *testing.T, dir string) {
	t.Helper()
	file := theFile(t, dir)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestALargeResultIsCopiedWhileItIsRead, if that is to its end.
func TestALargeResultIsCopiedWhileItIsRead(t *testing.T) {
	m, local, shared := diskMachine(t)
	direct := m.open[1]()
	large := random(4 << 20)
	put(t, direct, recordOf(1), large)
	found := make([]store.Found, 1)
	if err := m.Lookup(ctx, []store.Ref{refOf(1)}, found); err != nil {
		t.Fatal(err)
	}
	found[0].Close()
	if got := records(t, m.open[0](), store.Filter{}); len(got) != 0 {
		t.Errorf("nobody has read it, and there is %+v", got)
	}
	if err := m.Lookup(ctx, []store.Ref{refOf(1)}, found); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(found[0].Result(), make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	found[0].Close()
	for end := time.Now().Add(10 * time.Second); ; { // the copy is given up
		if r := records(t, m.open[0](), store.Filter{}); len(r) == 1 && r[0].Status == store.Stopped {
			if r[0].Attempt != 2 || !strings.Contains(r[0].Log, "copied") {
				t.Errorf("record of a part %+v", r[0])
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("the copy is not given up")
		}
		time.Sleep(time.Millisecond)
	}
	m.wantLocal(1, false)
	wantResult(t, m, 1, large)
	m.wantLocal(1, true)
	end := m.shared.Inject(storetest.All, storetest.Refuse)
	wantResult(t, m, 1, large)
	end()

	// A copy that is damaged is a miss, once, and the shared store's result stays.
	damage(t, local)
	f, _, err := look(m, 1)
	var corrupt *store.CorruptError
	if !errors.As(err, &corrupt) {
		t.Fatalf("a damaged copy: %v", err)
	}
	if err := m.Discard(ctx, f.Result(), store.Unreadable, err.Error()); err != nil {
		t.Fatal(err)
	}
	wantResult(t, m, 1, large)
	m.wantLocal(1, true)

	// What is damaged in the shared store is not copied.
	if _, err := m.Delete(ctx, refOf(1)); err != nil {
		t.Fatal(err)
	}
	put(t, direct, recordOf(2), large)
	damage(t, shared)
	f, _, err = look(m, 2)
	if !errors.As(err, &corrupt) {
		t.Errorf("a damaged result: %v", err)
	}
	m.off()
	m.wantLocal(2, false)
}

// TestARecordOfACopyBeginsWithoutAnAttempt, since nothing executes.
func TestARecordOfACopyBeginsWithoutAnAttempt(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	m := all[0]
	put(t, shared, recordOf(1), "x")
	var got []store.Record
	m.local.Inject(storetest.End, func(ctx context.Context, c *storetest.Call) error {
		got = records(t, m.open[0](), store.Filter{})
		return c.Do(ctx)
	})
	wantResult(t, m, 1, "x")
	m.off()
	if len(got) != 1 || got[0].Status != store.Running || got[0].Attempt != 0 || got[0].Origin.Host != "ci" {
		t.Errorf("records %+v", got)
	}
}

// TestAResultThatWasReplacedIsNotCopied with the record of the other.
func TestAResultThatWasReplacedIsNotCopied(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	m := all[0]
	put(t, shared, recordOf(1), "x")
	m.shared.Inject(storetest.History, storetest.Times(1, func(ctx context.Context, c *storetest.Call) error {
		f, _, _ := look(shared, 1)
		if err := shared.Discard(ctx, f.Result(), store.Expired, ""); err != nil { // which nobody is told
			t.Error(err)
		}
		put(t, shared, recordOf(1), "y")
		return c.Do(ctx)
	}))
	wantResult(t, m, 1, "x")
	m.off()
	m.wantLocal(1, false)
}

// TestADamagedCopyIsAMiss, which the shared store answers.
func TestADamagedCopyIsAMiss(t *testing.T) {
	m, local, _ := diskMachine(t)
	put(t, m, recordOf(1), large) // which is small when it is compressed
	put(t, m, recordOf(2), random(1<<20))
	files, _ := filepath.Glob(filepath.Join(local, "results", "*", "*"))
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	if f := wantResult(t, m, 2, random(1<<20)); f.Damaged != nil {
		t.Errorf("the result is there, and %v", f.Damaged)
	}
	wantResult(t, m, 1, large)
}

// TestADamagedResultThatOnlyTheLocalStoreHad is told.
func TestADamagedResultThatOnlyTheLocalStoreHad(t *testing.T) {
	m, local, _ := diskMachine(t)
	put(t, m.open[0](), recordOf(1), random(1<<20))
	if err := os.Truncate(theFile(t, local), 10); err != nil {
		t.Fatal(err)
	}
	if f := wantMiss(t, m, 1); f.Damaged == nil {
		t.Error("the damage is not told")
	}
}

// TestFewResultsWaitToBeCopied, so that they do not fill the memory.
func TestFewResultsWaitToBeCopied(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	m := all[0]
	was := *tier.MaxQueued
	*tier.MaxQueued = 5
	t.Cleanup(func() { *tier.MaxQueued = was })
	wait := make(chan struct{})
	m.local.Inject(storetest.Begin, func(ctx context.Context, c *storetest.Call) error {
		<-wait
		return c.Do(ctx)
	})
	for n := range byte(9) {
		put(t, shared, recordOf(n), "xx")
		wantResult(t, m, n, "xx")
	}
	close(wait)
	m.off()
	got := len(records(t, m.open[0](), store.Filter{}))
	if got != 2 && got != 3 { // one may have been under way
		t.Errorf("%d copies", got)
	}
}

// TestCloseWaitsForCopies, and not for who reads a large result.
func TestCloseWaitsForCopies(t *testing.T) {
	log := warnings(t)
	m, _, _ := diskMachine(t)
	direct := m.open[1]()
	for n := range byte(20) {
		put(t, direct, recordOf(n), "small")
	}
	put(t, direct, recordOf(20), random(1<<20))
	put(t, direct, recordOf(21), random(2<<20))
	for n := range byte(20) {
		wantResult(t, m, n, "small")
	}
	found := make([]store.Found, 1)
	if err := m.Lookup(ctx, []store.Ref{refOf(21)}, found); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(found[0].Result(), make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	wantResult(t, m, 20, random(1<<20))
	m.off()
	if log.Len() > 0 {
		t.Errorf("Close warns of a copy that it does not wait for: %s", log)
	}
	if _, err := io.ReadAll(found[0].Result()); err != nil {
		t.Errorf("what was open cannot be read on: %v", err)
	}
	found[0].Close()
	for n := range byte(21) {
		m.wantLocal(n, true)
	}
	m.wantLocal(21, false)
}

// TestACopyExpiresLikeTheOriginal.
func TestACopyExpiresLikeTheOriginal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all, shared := machines(t, 1, tier.Options{})
		r := recordOf(1)
		r.Finished, r.Expires = time.Now(), time.Now().Add(time.Hour)
		put(t, shared, r, "x")
		wantResult(t, all[0], 1, "x")
		all[0].wantLocal(1, true)
		time.Sleep(time.Hour - time.Second)
		wantResult(t, all[0], 1, "x")
		time.Sleep(2 * time.Second)
		if f := wantMiss(t, all[0], 1); f.Latest == nil || f.Latest.Status != store.Expired {
			t.Errorf("found %+v", f)
		}
	})
}

// TestResultsWithInputsAreNotCopied: there may be several.
func TestResultsWithInputsAreNotCopied(t *testing.T) {
	all, shared := machines(t, 1, tier.Options{})
	r := recordOf(1)
	r.Inputs = []store.Input{{Kind: "file", Name: "sales.csv"}}
	put(t, shared, r, "x")
	r.Ref = refOf(2)
	put(t, all[0], r, "y")
	for n, want := range map[byte]string{1: "x", 2: "y"} {
		if e := wantResult(t, all[0], n, want).Result(); len(e.Inputs) != 1 {
			t.Errorf("inputs %v", e.Inputs)
		}
	}
	all[0].off()
	if got := records(t, all[0].open[0](), store.Filter{}); len(got) != 0 {
		t.Errorf("copied %+v", got)
	}
}

// TestALocalStoreThatFailsIsPassedOver.
func TestALocalStoreThatFailsIsPassedOver(t *testing.T) {
	for name, c := range map[string]struct {
		of    storetest.Method
		fault storetest.Fault
	}{
		"refuses": {storetest.All, storetest.Refuse}, "is full": {storetest.All, storetest.Full},
		"hangs": {storetest.All, storetest.Slow(time.Hour)}, "its history hangs": {storetest.History, storetest.Slow(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, _ := machines(t, 1, tier.Options{})
				m := all[0]
				put(t, m, recordOf(1), "x")
				end := m.local.Inject(c.of, c.fault)
				began := time.Now()
				wantResult(t, m, 1, "x")
				if took := time.Since(began); took > time.Second {
					t.Errorf("it took %v", took)
				}
				put(t, m, recordOf(2), "y")
				wantResult(t, m, 2, "y")
				if !strings.HasSuffix(name, "hangs") {
					if _, err := m.Delete(ctx, refOf(1)); err == nil {
						t.Error("a copy that was not deleted is no error")
					}
				}
				end()
				if _, err := m.Delete(ctx, refOf(1)); err != nil {
					t.Error(err)
				}
				wantMiss(t, m, 1)
			})
		})
	}
}

// TestALocalStoreThatHangsHoldsNoReaderUp: who reads a large result, and has it copied, goes on after
// two seconds.
func TestALocalStoreThatHangsHoldsNoReaderUp(t *testing.T) {
	log := warnings(t)
	m, _, _ := diskMachine(t)
	large := random(1 << 20)
	put(t, m.open[1](), recordOf(1), large)
	mended := make(chan struct{})
	m.local.Inject(storetest.End, func(ctx context.Context, c *storetest.Call) error {
		<-mended
		return c.Do(ctx)
	})
	late := time.AfterFunc(20*time.Second, func() {
		t.Error("it is held up")
		close(mended)
	})
	wantResult(t, m, 1, large)
	if late.Stop() {
		close(mended)
	}
	m.off()
	m.wantLocal(1, false)
	if !strings.Contains(log.String(), "the local store hangs") {
		t.Errorf("it is not said why: %s", log)
	}
}

// TestTheCodecsAreOne.
func TestTheCodecsAreOne(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "use one codec") {
			t.Errorf("panic %q", text)
		}
	}()
	tier.New(memory.New(0), encrypted{memory.New(0)}, tier.Options{})
}

type encrypted struct{ store.Store }

func (encrypted) Codec() store.Codec { return struct{ store.Codec }{} }
