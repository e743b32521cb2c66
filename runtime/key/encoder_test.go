package key_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/workgen/workgen/runtime/key"
)

func TestDurableModeStreams(t *testing.T) {
	// The memory that Sum needs does not grow with the arguments: bytes leave as
	// they come, unless a map or frame holds them back.
	mib := make([]byte, 1<<20)
	list := func(e *key.Encoder) {
		e.Slice(10_000, false)
		for range 10_000 {
			e.String("a hundred bytes or so make a million in ten thousand strings, which is far more than one chunk")
		}
	}
	for _, c := range []struct {
		name   string
		encode func(*key.Encoder)
		min    int
	}{
		{"long bytes", func(e *key.Encoder) { e.Bytes(mib) }, 60},
		{"long strings", func(e *key.Encoder) { e.String(string(mib)) }, 60},
		{"long numbers", func(e *key.Encoder) { key.Numbers(e, mib) }, 60},
		{"long numbers by elements", func(e *key.Encoder) {
			defer key.ByElements()()
			key.Numbers(e, mib)
		}, 60},
		{"many short strings", list, 60},
		{"frames", func(e *key.Encoder) {
			for range 100 {
				f := e.Open()
				e.String(string(mib[:8<<10]))
				e.Close(f)
			}
		}, 30},
		{"maps", func(e *key.Encoder) {
			for range 100 {
				encodeLabels(e, map[string]int{string(mib[:8<<10]): 1})
			}
		}, 30},
	} {
		if got := key.Flushes(c.encode); got < c.min {
			t.Errorf("%s: flushed %d times, want at least %d", c.name, got, c.min)
		}
	}
}

func TestNothingIsFlushedInsideFramesAndMaps(t *testing.T) {
	long := strings.Repeat("long ", 20_000)
	ty := &typ{kind: "frame", elem: &typ{kind: "map", key: stringType, elem: &typ{kind: "frame", elem: stringType}}}
	v := framed{entries{{"a", framed{long}}, {long, framed{"b"}}}}
	checkMap(t, ty.elem, v.Value.(entries))
	got := key.Canonical(func(e *key.Encoder) {
		e.String(long)
		f := e.Open()
		encodeLabels(e, map[string]int{"a": 1})
		e.Bytes([]byte(long))
		e.Close(f)
		e.String(long)
	})
	inner := reference(reference(nil, labelsType, entries{{"a", uint64(1)}}), &typ{kind: "bytes"}, []byte(long))
	want := reference(nil, stringType, long)
	want = append(appendBits(want, uint64(len(inner)), 8), inner...)
	want = reference(want, stringType, long)
	if string(got) != string(want) {
		t.Error("a frame between long strings is not what the reference says")
	}
}

func TestMisuseOfMapsAndFramesPanics(t *testing.T) {
	for name, c := range map[string]struct {
		encode func(e *key.Encoder)
		want   string
	}{
		"a frame closed twice": {func(e *key.Encoder) {
			f := e.Open()
			e.Close(f)
			e.Close(f)
		}, "Close does not match"},
		"a map left open in a frame": {func(e *key.Encoder) {
			f := e.Open()
			e.Map(1, false)
			e.Close(f)
		}, "Close does not match"},
		"frames closed in the wrong order": {func(e *key.Encoder) {
			f := e.Open()
			e.Open()
			e.Close(f)
		}, "Close does not match"},
		"a frame left open in a map": {func(e *key.Encoder) {
			m := e.Map(1, false)
			m.Key()
			m.Value()
			e.Open()
			m.End()
		}, "End does not match"},
		"a map ended twice": {func(e *key.Encoder) {
			m := e.Map(0, false)
			m.End()
			m.End()
		}, "End does not match"},
		"a key without value": {func(e *key.Encoder) {
			m := e.Map(1, false)
			m.Key()
			m.End()
		}, "Key without Value"},
		"a value without key": {func(e *key.Encoder) {
			m := e.Map(1, false)
			m.Value()
		}, "Value without Key"},
		"a value without key, in a map within a key": {func(e *key.Encoder) {
			outer := e.Map(1, false)
			outer.Key()
			e.Map(1, false).Value()
		}, "Value without Key"},
		"two values for a key": {func(e *key.Encoder) {
			m := e.Map(1, false)
			m.Key()
			m.Value()
			m.Value()
		}, "Value without Key"},
		"a fingerprint inside a frame": {func(e *key.Encoder) {
			e.Open()
			e.Fingerprint()
		}, "Fingerprint inside"},
	} {
		t.Run(name, func(t *testing.T) {
			wantPanic(t, c.want, func() { c.encode(key.Borrow()) })
		})
	}
	t.Run("a fingerprint in durable mode", func(t *testing.T) {
		wantPanic(t, "Fingerprint inside", func() { key.Sum(key.Scope{}, func(e *key.Encoder) { e.Fingerprint() }) })
	})
	t.Run("a frame left open in Sum", func(t *testing.T) {
		wantPanic(t, "encoding of daily.Fetch left a map or frame open", func() {
			key.Sum(key.Scope{Work: "daily.Fetch"}, func(e *key.Encoder) { e.Open() })
		})
	})
}

func wantPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("panic is %q, want one with %q", got, want)
		}
	}()
	f()
}

func TestPanicInEncodeKeyLeavesThePoolClean(t *testing.T) {
	want := key.Sum(vectorScope, aScalars.encode)
	for range 100 {
		wantPanic(t, "user's bug", func() {
			key.Sum(vectorScope, func(e *key.Encoder) {
				e.Open()
				e.Map(1, false).Key()
				panic("user's bug")
			})
		})
		if got := key.Sum(vectorScope, aScalars.encode); got != want {
			t.Fatalf("key is %s after a panic, was %s", got, want)
		}
	}
}

func TestReleaseCleansAnEncoderThatWasGivenUp(t *testing.T) {
	for range 100 {
		e := key.Borrow()
		e.Map(1, false).Key()
		e.Open()
		e.Release()
		if first, second := fingerprintOf(aScalars.encode), fingerprintOf(aScalars.encode); first != second {
			t.Fatal("fingerprints differ after an encoder was released with a frame open")
		}
	}
}

func TestEncodersAreSharedSafely(t *testing.T) {
	// Fingerprints that alias a buffer, clones and keys, from pooled encoders that
	// go to and fro between goroutines and modes.
	labels := labelsOf(50)
	inputs := make([]func(*key.Encoder), 40)
	for i := range inputs {
		inputs[i] = func(e *key.Encoder) {
			e.Int(i)
			encodeLabels(e, labels)
			e.String(strings.Repeat("x", 20*i))
		}
	}
	var prints []key.Fingerprint
	var keys []key.Key
	for _, encode := range inputs {
		prints = append(prints, fingerprintOf(encode))
		keys = append(keys, key.Sum(vectorScope, encode))
	}
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for n := range 100 {
				i := (g*7 + n) % len(inputs)
				e := key.Borrow()
				inputs[i](e)
				if f := e.Fingerprint(); f != prints[i] || f.Hash() != prints[i].Hash() {
					t.Errorf("fingerprint of input %d differs", i)
				}
				e.Release()
				if key.Sum(vectorScope, inputs[i]) != keys[i] {
					t.Errorf("key of input %d differs", i)
				}
			}
		})
	}
	wg.Wait()
}

func TestAnEncoderIsReleasedOnce(t *testing.T) {
	for name, release := range map[string]func(e *key.Encoder){
		"twice":      func(e *key.Encoder) { e.Release(); e.Release() },
		"after Keep": func(e *key.Encoder) { e.Keep(e.Fingerprint()); e.Release() },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic: two goroutines would borrow one encoder")
				}
			}()
			release(key.Borrow())
		})
	}
	for range 3 { // nobody is hurt by the others
		key.Borrow().Release()
	}
}

func TestReleaseDropsHugeBuffers(t *testing.T) {
	e := key.Borrow()
	labels := map[string]int{}
	for i := range 200_000 {
		labels[fmt.Sprint(i, " takes more than thirty bytes in the map")] = i
	}
	encodeLabels(e, labels)
	before := key.Held(e)
	e.Release()
	// Nothing else borrows here, so e can still be looked at.
	if after := key.Held(e); before <= key.MaxHeld || after > key.MaxHeld {
		t.Errorf("encoder held %d bytes and keeps %d, want more, then at most %d", before, after, key.MaxHeld)
	}
}

// TestScalarsStayInlineable asks the compiler: generated code is fast because
// these calls are not calls.
func TestScalarsStayInlineable(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("the budget for inlining is counted in operations, which have other costs on this architecture")
	}
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Skip("the go command is not installed: only it can tell what is inlined")
	}
	cmd := exec.Command(goCommand, "build", "-gcflags=-m", "-o", os.DevNull, ".")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	got := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if _, name, ok := strings.Cut(line, "can inline "); ok {
			got[strings.TrimSpace(name)] = true
		}
	}
	want := []string{"Borrow", "TextOf", "NewHash", "Hash.Uint64", "Hash.Bool", "Hash.Sum",
		"(*Fingerprint).Hash", "(*Encoder).Present", "(*Encoder).Map", "MapEncoder.Key", "MapEncoder.Value", "(*Encoder).Open",
		"(*Encoder).Begin", "(*Encoder).End", "Fields.Slice", "MapEncoder.KeyAt", "MapEncoder.ValueAt"}
	for _, kind := range scalarKinds {
		method := strings.ToUpper(kind[:1]) + kind[1:]
		want = append(want, "(*Encoder)."+method, "Fields."+method)
	}
	var missing []string
	for _, name := range want {
		if !got[name] {
			missing = append(missing, name)
		}
	}
	if diff := cmp.Diff([]string(nil), missing); diff != "" {
		t.Errorf("no longer inlined: %s", diff)
	}
}
