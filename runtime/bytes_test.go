package runtime

import (
	"context"
	"fmt"
	"log/slog"
	goruntime "runtime"
	"strings"
	"testing"
	"time"
)

// repeated is a body that returns its argument a thousand times.
func repeated(_ context.Context, arg string) (string, error) { return strings.Repeat(arg, 1000), nil }

func length(s string) int64 { return int64(len(s)) }

func TestResultsTakeAsManyBytesAsTheyMay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(repeated, MaxBytes(10_000), Weigh(length))
		for i := range 10 {
			f.Run(t.Context(), fmt.Sprint(i))
		}
		s := settled(t, f)
		want(t, "entries", s.Entries, 10)
		want(t, "bytes", s.Bytes, 10_000)
		f.Run(t.Context(), "0") // is hit
		f.Run(t.Context(), "ten")
		s = settled(t, f)
		want(t, "evictions", s.Evictions, 3)
		want(t, "bytes", s.Bytes, 10_000)
		_, kept := f.Lookup("0")
		want(t, "what was hit is kept", kept, true)

		wantResult(t, strings.Repeat("more than all", 1000))(f.Run(t.Context(), "more than all"))
		s = settled(t, f)
		want(t, "too large", s.TooLarge, 1)
		want(t, "bytes", s.Bytes, 10_000)
		f.Forget("ten")
		want(t, "bytes", settled(t, f).Bytes, 7_000)
		f.ForgetAll()
		want(t, "bytes", settled(t, f).Bytes, 0)
	})
}

func TestMemoryCountsUnlessItIsWeighed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := NewCalls(Spec[string, string, string]{
			Name: "example.com/web.Fetch", Execute: repeated, SizeKey: func(k string) int { return 16 },
			Size: func(s string) int { return len(s) },
		}, MaxBytes(100_000))
		f := fetchOf(calls)
		f.Run(t.Context(), "a")
		bytes := settled(t, f).Bytes
		if entry := bytes - 1000 - 16 - attributesBytes; entry < 64 || entry > 200 {
			t.Errorf("an entry takes %d bytes, want about a hundred", entry)
		}
		g := newFetch(repeated)
		g.Run(t.Context(), "a")
		want(t, "bytes without a bound", settled(t, g).Bytes, 0)
	})
}

func TestErrorsThatAreKeptTakeNoBytes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(func(context.Context, string) (string, error) { return "", errBroken }, MaxBytes(1), Weigh(length), CacheErrors(time.Hour))
		f.Run(t.Context(), "a")
		want(t, "entries", settled(t, f).Entries, 1)
	})
}

func TestAWeigherThatPanicsFailsTheCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(echo, MaxBytes(1), Weigh(func(string) int64 { panic("no scales") }), WithLogger(slog.New(slog.DiscardHandler)))
		_, err := f.Run(t.Context(), "a")
		if err == nil || !strings.Contains(err.Error(), "no scales") {
			t.Errorf("got error %v, want one that tells of the panic", err)
		}
		want(t, "entries", settled(t, f).Entries, 0)
	})
}

func TestAWeigherIsForTheTypeOfTheResults(t *testing.T) {
	defer func() {
		const text = "runtime: Weigh for work example.com/web.Fetch is a func([]uint8) int64, and its results are of type string: give it a func(string) int64"
		want(t, "panic", fmt.Sprint(recover()), text)
	}()
	newFetch(echo, Weigh(func([]byte) int64 { return 1 }))
}

func TestAllRunnersTogetherTakeAsManyBytesAsTheyMay(t *testing.T) {
	goruntime.GC() // what other tests have left does not count
	SetMaxBytes(1 << 40)
	defer SetMaxBytes(0)
	small, large := newFetch(repeated, Weigh(length)), newFetch(repeated, Weigh(length))
	for i := range 5 {
		small.Run(t.Context(), fmt.Sprint(i))
	}
	for i := range 15 {
		large.Run(t.Context(), fmt.Sprint(i%10))
		large.Run(t.Context(), fmt.Sprint(100+i))
	}
	others := process.bytes.Load() - small.Stats().Bytes - large.Stats().Bytes
	SetMaxBytes(others + 30_000)
	want(t, "bytes of all", process.bytes.Load()-others <= 30_000, true)
	want(t, "bytes of the small one", small.Stats().Bytes, 5_000)
	large.Run(t.Context(), "abc")
	for range 1000 { // whoever waits for a call may be faster
		if process.bytes.Load()-others <= 30_000 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	want(t, "bytes of all, after one more", process.bytes.Load()-others <= 30_000, true)
	want(t, "what was just made is kept", large.Stats().Bytes > 20_000, true)
	large.check(t)

	large.Run(t.Context(), strings.Repeat("x", int(others)/1000+31))
	want(t, "too large for the process", large.Stats().TooLarge, 1)
	goruntime.KeepAlive(small)
}

func TestWhatIsCollectedTakesNoBytes(t *testing.T) {
	SetMaxBytes(1 << 40)
	defer SetMaxBytes(0)
	before := process.bytes.Load()
	func() {
		f := newFetch(repeated, Weigh(func(string) int64 { return 1 << 30 }))
		f.Run(t.Context(), "a")
	}()
	for range 100 {
		if goruntime.GC(); process.bytes.Load() < before+1<<30 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the bytes of a runner that was collected count")
}

func TestWhatALoopNeedsStaysWhateverItTakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		f := newFetch(repeated, MaxBytes(1500), Weigh(length))
		passes := 0
		loop := &Loop{Flow: func(ctx context.Context) error {
			passes++
			for _, arg := range []string{"a", "b", "cd"} {
				if _, err := f.Run(ctx, arg); err != nil {
					return err
				}
			}
			return Stop
		}}
		if err := loop.Run(t.Context()); err != nil {
			t.Error(err)
		}
		want(t, "executions", settled(t, f).Executions, 3)
		want(t, "bytes afterwards", f.Stats().Bytes <= 1500, true)
		want(t, "few passes", passes < 10, true)
	})
}
