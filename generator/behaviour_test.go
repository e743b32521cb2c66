package generator_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/testdata/golden/composite"
	"github.com/workgen/workgen/testdata/golden/corners"
	"github.com/workgen/workgen/testdata/golden/foreign"
	"github.com/workgen/workgen/testdata/golden/options"
	"github.com/workgen/workgen/testdata/golden/plain"
	"github.com/workgen/workgen/testdata/golden/results"
	"github.com/workgen/workgen/testdata/golden/signatures"
)

// unexported lets cmp look into everything.
var unexported = cmp.Exporter(func(reflect.Type) bool { return true })

// everyChangeCounts fills an argument struct, changes it in every place, one
// at a time, and fails unless each change gives another key, another
// fingerprint, and one more execution of run; and unless the same value,
// rebuilt, gives the same of all three.
func everyChangeCounts[A any, P interface {
	*A
	key.Encodable
}](t *testing.T, stats func() runtime.Stats, run func(a A) error) {
	t.Helper()
	args := fill[A]()
	first := identityOf(P(&args))
	if err := run(args); err != nil {
		t.Fatal(err)
	}
	known := map[identity]string{first: "unchanged"}
	mutate(reflect.TypeFor[A]().Name(), reflect.ValueOf(&args).Elem(), func(path string) {
		id := identityOf(P(&args))
		if before, ok := known[id]; ok && before == "unchanged" {
			t.Errorf("%s: key and fingerprint are still the same", path)
		}
		if id.key == first.key || id.fingerprint == first.fingerprint {
			t.Errorf("%s: key or fingerprint is still the same", path)
		}
		before := stats().Executions
		if err := run(args); err != nil {
			t.Fatal(err)
		}
		executed := stats().Executions > before
		if _, ok := known[id]; executed == ok {
			t.Errorf("%s: executed is %v, seen before is %v", path, executed, ok)
		}
		known[id] = path
	})
	t.Logf("%d distinct values", len(known))

	again := fill[A]()
	if identityOf(P(&again)) != first {
		t.Error("the same value, rebuilt, has another key or fingerprint")
	}
	before := stats()
	if err := run(again); err != nil {
		t.Fatal(err)
	}
	if after := stats(); after.Executions != before.Executions || after.Hits != before.Hits+1 {
		t.Error("the same value, rebuilt, was executed again")
	}
}

// identity is what tells calls apart.
type identity struct {
	key         key.Key
	fingerprint key.Fingerprint
}

func identityOf(a key.Encodable) identity {
	e := key.Borrow()
	defer e.Release()
	a.EncodeKey(e)
	f := e.Fingerprint()
	return identity{key.Sum(key.Scope{Work: "test"}, a.EncodeKey), f.Clone()}
}

func TestEveryChangeOfAnArgumentCounts(t *testing.T) {
	ctx := context.Background()
	t.Run("basic kinds", func(t *testing.T) {
		r := plain.NewBasicsRunner(&plain.Basics{})
		everyChangeCounts(t, r.Stats, func(a plain.BasicsArgs) error {
			_, err := r.Run(ctx, a.A, a.B, a.C, a.D, a.E, a.F, a.G, a.H, a.I, a.J, a.K, a.L, a.M, a.N, a.O)
			return err
		})
	})
	t.Run("named types and aliases", func(t *testing.T) {
		r := plain.NewNamedRunner(&plain.Named{})
		everyChangeCounts(t, r.Stats, func(a plain.NamedArgs) error {
			_, err := r.Run(ctx, a.Level, a.Text, a.Number, a.R, a.B, a.D, a.M)
			return err
		})
	})
	t.Run("nested plain structs", func(t *testing.T) {
		r := plain.NewNestedRunner(&plain.Nested{})
		everyChangeCounts(t, r.Stats, func(a plain.NestedArgs) error {
			_, err := r.Run(ctx, a.Opts, a.Scale)
			return err
		})
	})
	t.Run("times", func(t *testing.T) {
		r := plain.NewDatedRunner(&plain.Dated{})
		everyChangeCounts(t, r.Stats, func(a plain.DatedArgs) error {
			_, err := r.Run(ctx, a.Span, a.At, a.Time)
			return err
		})
	})
	t.Run("structs with everything", func(t *testing.T) {
		r := composite.NewBuildRunner(&composite.Build{})
		everyChangeCounts(t, r.Stats, func(a composite.BuildArgs) error {
			_, err := r.Run(ctx, a.Cfg, a.Opt, a.At)
			return err
		})
	})
	t.Run("slices, arrays and maps", func(t *testing.T) {
		r := composite.NewSumRunner(&composite.Sum{})
		everyChangeCounts(t, r.Stats, func(a composite.SumArgs) error {
			_, err := r.Run(ctx, a.Ids, a.Raw, a.Named, a.Numbers, a.C, a.Arr, a.Set, a.P, a.Pp, a.Pair)
			return err
		})
	})
	t.Run("types of the standard library", func(t *testing.T) {
		r := foreign.NewCropRunner(&foreign.Crop{})
		everyChangeCounts(t, r.Stats, func(a foreign.CropArgs) error {
			_, err := r.Run(ctx, a.R, a.Tag, a.Points)
			return err
		})
	})
	t.Run("generic types of another package", func(t *testing.T) {
		r := foreign.NewAreaRunner(&foreign.Area{})
		everyChangeCounts(t, r.Stats, func(a foreign.AreaArgs) error {
			_, _, err := r.Run(ctx, a.S, a.All)
			return err
		})
	})
	t.Run("variadic", func(t *testing.T) {
		r := signatures.NewVariadicRunner(&signatures.Variadic{})
		everyChangeCounts(t, r.Stats, func(a signatures.VariadicArgs) error {
			_, err := r.Run(ctx, a.Sep, a.Parts...)
			return err
		})
	})
}

// TestTimeZonesOfOneNameAreTwo is about zones with one offset at the time that is asked for.
func TestTimeZonesOfOneNameAreTwo(t *testing.T) {
	load := func() *time.Location {
		l, err := time.LoadLocation("CET")
		if err != nil {
			t.Skip(err)
		}
		return l
	}
	at := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	fixed, winter := at.In(time.FixedZone("CET", 3600)), at.In(load())
	r := plain.NewAtRunner(&plain.At{})
	for _, at := range []time.Time{fixed, winter, at.In(load()), at.In(time.FixedZone("CET", 3600))} {
		got, err := r.Run(t.Context(), at)
		if want := (plain.At{}).Run(at); got != want || err != nil {
			t.Errorf("%v: got %q, want %q (%v)", at.Location(), got, want, err)
		}
	}
	if got := r.Stats().Executions; got != 2 {
		t.Errorf("%d executions, want 2", got)
	}
}

func TestReceiverFieldsTaggedKeyAreInputs(t *testing.T) {
	ctx := context.Background()
	work := &composite.Build{Env: map[string]string{"A": "1"}}
	r := composite.NewBuildRunner(work)
	run := func() {
		t.Helper()
		if _, err := r.Run(ctx, composite.Config{}, nil, fill[composite.BuildArgs]().At); err != nil {
			t.Fatal(err)
		}
	}
	run()
	run()
	before := r.Key(composite.Config{}, nil, fill[composite.BuildArgs]().At)
	work.Env["B"] = "2"
	run()
	if got := r.Stats().Executions; got != 2 {
		t.Errorf("%d executions, want 2: one for each value of Env", got)
	}
	if r.Key(composite.Config{}, nil, fill[composite.BuildArgs]().At) == before {
		t.Error("the key does not change with a keyed field")
	}
	delete(work.Env, "B")
	run()
	if got := r.Stats().Executions; got != 2 {
		t.Errorf("%d executions, want 2: the first value of Env is known", got)
	}
	work.Started = 99
	run()
	if got := r.Stats().Executions; got != 2 {
		t.Errorf("%d executions, want 2: Started is state and no input", got)
	}

	named := &plain.Named{Prefix: "a", Scale: 1}
	n := plain.NewNamedRunner(named)
	for _, change := range []func(){func() {}, func() { named.Prefix = "b" }, func() { named.Scale = 2 }, func() { named.Prefix = "a" }, func() { named.Scale = 1 }} {
		change()
		n.Run(ctx, 1, "", 1, 'r', 1, 1, 1)
	}
	if got := n.Stats().Executions; got != 4 {
		t.Errorf("%d executions of a plain work with keyed fields, want 4", got)
	}
}

func TestIgnoredFieldsAreNoInputs(t *testing.T) {
	r := composite.NewBuildRunner(&composite.Build{})
	at := fill[composite.BuildArgs]().At
	r.Run(t.Context(), composite.Config{Cache: map[string]int{"a": 1}}, nil, at)
	r.Run(t.Context(), composite.Config{Cache: map[string]int{"b": 2}}, nil, at)
	if got := r.Stats().Executions; got != 1 {
		t.Errorf("%d executions, want 1", got)
	}
}

func TestTypesThatEncodeThemselvesAreAsked(t *testing.T) {
	r := composite.NewReleaseRunner(&composite.Release{})
	run := func(v composite.Version) {
		t.Helper()
		if _, err := r.Run(t.Context(), v, []*composite.Version{&v, nil}, map[string]composite.Version{"x": v}); err != nil {
			t.Fatal(err)
		}
	}
	run(composite.ParseVersion(1, 0))
	run(composite.ParseVersion(1, 0, 0)) // the type says they are the same
	run(composite.ParseVersion(1, 1))
	if got := r.Stats().Executions; got != 2 {
		t.Errorf("%d executions, want 2", got)
	}
}

func TestArgumentsAreCopies(t *testing.T) {
	r := composite.NewSumRunner(&composite.Sum{})
	args := fill[composite.SumArgs]()
	want := fill[composite.SumArgs]()
	for range 2 { // Run sets all numbers to 0
		r.Run(t.Context(), args.Ids, args.Raw, args.Named, args.Numbers, args.C, args.Arr, args.Set, args.P, args.Pp, args.Pair)
	}
	if diff := cmp.Diff(want, args, unexported); diff != "" {
		t.Errorf("the work could change its caller's arguments (-want +got):\n%s", diff)
	}
	if got := r.Stats().Executions; got != 1 {
		t.Errorf("%d executions, want 1", got)
	}
}

func TestResultsAreCopies(t *testing.T) {
	ctx := context.Background()
	deep := results.NewDeepRunner(&results.Deep{})
	want, err := results.Deep{}.Run("x")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		got, err := deep.Run(ctx, "x")
		if i == 3 {
			got, err = deep.Start(ctx, "x").Result()
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, unexported); diff != "" {
			t.Fatalf("call %d got something else (-want +got):\n%s", i, diff)
		}
		spoil(reflect.ValueOf(&got).Elem())
	}
	slice := results.NewSliceRunner(&results.Slice{})
	for range 3 {
		got, err := slice.Run(ctx, 2)
		if err != nil || *got[0] != 0 || *got[1] != 1 {
			t.Fatalf("got %v, %v", got, err)
		}
		*got[0], got[1] = 99, nil
	}
	many := results.NewManyRunner(&results.Many{})
	for range 3 {
		first, second, rest, err := many.Run(ctx, "abc")
		if err != nil || first != "a" || second != "" || string(rest) != "bc" {
			t.Fatalf("got %q, %q, %q, %v", first, second, rest, err)
		}
		rest[0] = 'X'
	}
}

// spoil overwrites everything that v reaches.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			spoil(v.Index(i))
			v.Index(i).SetZero()
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if elem := v.MapIndex(key); elem.Kind() == reflect.Slice || elem.Kind() == reflect.Pointer {
				spoil(elem)
			}
			v.SetMapIndex(key, reflect.Value{})
		}
	case reflect.Struct:
		for i := range v.NumField() {
			spoil(v.Field(i))
		}
	default:
		v.SetZero()
	}
}

func TestSharedResultsAreTheCachedOnes(t *testing.T) {
	r := results.NewSharedRunner(&results.Shared{})
	a, _ := r.Run(t.Context(), 1)
	b, _ := r.Run(t.Context(), 1)
	if reflect.ValueOf(a).Pointer() != reflect.ValueOf(b).Pointer() {
		t.Error("a work marked share copied its result")
	}
}

func TestEveryFormOfResults(t *testing.T) {
	ctx := context.Background()
	none := results.NewNoneRunner(&results.None{})
	onlyError := results.NewOnlyErrorRunner(&results.OnlyError{})
	one := results.NewOneRunner(&results.One{})
	two := results.NewTwoRunner(&results.Two{})
	many := results.NewManyRunner(&results.Many{})
	for range 2 {
		if err := none.Run(ctx, 1); err != nil {
			t.Error(err)
		}
		if err := onlyError.Run(ctx, 1); err != nil {
			t.Error(err)
		}
		if err := onlyError.Run(ctx, -1); err == nil || err.Error() != "negative" {
			t.Errorf("the work's error became %v", err)
		}
		if v, err := one.Run(ctx, 4); v != 8 || err != nil {
			t.Error(v, err)
		}
		if n, s, err := two.Run(ctx, 5); n != 5 || s != "two" || err != nil {
			t.Error(n, s, err)
		}
		if _, _, _, err := many.Run(ctx, ""); err == nil || err.Error() != "empty" {
			t.Errorf("the work's error became %v", err)
		}
	}
	if got := onlyError.Stats().Executions; got != 3 {
		t.Errorf("%d executions, want 3: errors are not cached", got)
	}
	if !none.Lookup(1) || none.Lookup(2) {
		t.Error("Lookup of a work without results")
	}
	if v, ok := one.Lookup(4); !ok || v != 8 {
		t.Error("Lookup of one result:", v, ok)
	}
	if v, ok := two.Lookup(5); !ok || v != (results.TwoResult{R1: 5, R2: "two"}) {
		t.Error("Lookup of two results:", v, ok)
	}
	if !one.Forget(4) || one.Forget(4) {
		t.Error("Forget does not report what it forgot")
	}
	if _, ok := one.Lookup(4); ok {
		t.Error("a forgotten call is still there")
	}
}

func TestEveryFormOfSignature(t *testing.T) {
	ctx := context.Background()
	variadic := signatures.NewVariadicRunner(&signatures.Variadic{})
	if s, err := variadic.Run(ctx, "-", "a", "b"); s != "a-b" || err != nil {
		t.Error(s, err)
	}
	if s, err := variadic.Run(ctx, "-"); s != "" || err != nil {
		t.Error(s, err)
	}
	unnamed := signatures.NewUnnamedRunner(&signatures.Unnamed{})
	unnamed.Run(ctx, 1, "a", nil)
	unnamed.Run(ctx, 1, "a", []byte{})
	unnamed.Run(ctx, 2, "a", nil)
	if got := unnamed.Stats().Executions; got != 3 {
		t.Errorf("%d executions of a work with unnamed parameters, want 3", got)
	}
	blank := signatures.NewBlankRunner(&signatures.Blank{})
	blank.Run(ctx, 1, "a", true)
	blank.Run(ctx, 2, "a", true)
	blank.Run(ctx, 2, "a", false)
	if got := blank.Stats().Executions; got != 3 {
		t.Errorf("%d executions of a work with blank parameters, want 3", got)
	}
	grouped := signatures.NewGroupedRunner(&signatures.Grouped{})
	caller := signatures.NewCallerRunner(&signatures.Caller{Grouped: grouped})
	if n, err := caller.Run(ctx, 1); n != 2 || err != nil {
		t.Error(n, err)
	}
	if got := grouped.Stats().Executions; got != 1 {
		t.Errorf("the called work was executed %d times, want 1", got)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	alias := signatures.NewAliasContextRunner(&signatures.AliasContext{})
	if _, err := alias.Run(ended, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a miss with an ended context gives %v", err)
	}
}

func TestDirectiveAndConstructorOptions(t *testing.T) {
	ctx := context.Background()
	all := options.NewAllRunner(&options.All{})
	if got := all.Name(); got != "everything" {
		t.Errorf("the directive names the work everything, its runner %s", got)
	}
	if got := options.NewAllRunner(&options.All{}, runtime.Name("mine")).Name(); got != "mine" {
		t.Errorf("the constructor names the work mine, its runner %s", got)
	}
	work := &options.Uncached{}
	uncached := options.NewUncachedRunner(work)
	cached := options.NewUncachedRunner(&options.Uncached{}, runtime.CacheCalls(true))
	for range 5 {
		uncached.Run(ctx, 1)
		cached.Run(ctx, 1)
	}
	if work.Count != 5 {
		t.Errorf("a work marked cache=false was executed %d times of 5", work.Count)
	}
	if got := cached.Stats().Executions; got != 1 {
		t.Errorf("the constructor turned caching on, yet %d executions", got)
	}
}

func TestSecretArgumentsAreNotPrinted(t *testing.T) {
	const token = "a token of nobody"
	args := options.LoginArgs{Site: "https://example.com", Token: token}
	want := `LoginArgs{Site: "https://example.com", Token: (secret)}`
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, args); got != want {
			t.Errorf("%s: %s", format, got)
		}
		if got := fmt.Sprintf(format, []*options.LoginArgs{&args}[0]); got != want {
			t.Errorf("%s of a pointer: %s", format, got)
		}
	}
	r := options.NewLoginRunner(&options.Login{})
	_, err := r.Run(t.Context(), args.Site, token)
	if want := `get "https://example.com?token=` + token + `": 401`; err == nil || err.Error() != want {
		t.Errorf("the caller gets %v", err)
	}
	if got := r.Status().Reason; got == nil || got.Error() != `get "https://example.com?token=(secret)": 401` {
		t.Errorf("the status says %v", got)
	}
}

func TestTagsSayWhatIsSecret(t *testing.T) {
	by := &options.Credentials{User: "somebody", Password: "open sesame"}
	if got, want := fmt.Sprint(options.SignArgs{By: by}), "SignArgs{By: (secret)}"; got != want {
		t.Error(got)
	}
	r := options.NewSignRunner(&options.Sign{Key: "kept in a safe"})
	defer runtime.Inspect(r.Runner).Notify(make(chan struct{}, 1))()
	if err := r.Run(t.Context(), by); err == nil || err.Error() != "kept in a safe, {somebody open sesame}" {
		t.Errorf("the caller gets %v", err)
	}
	if got := r.Status().Reason; got == nil || got.Error() != "(secret), {somebody (secret)}" {
		t.Errorf("the status says %v", got)
	}
	d, _ := runtime.Inspect(r.Runner).Call(1)
	for i, name := range []string{"Key", "by"} {
		if a := d.Args[i]; a.Name != name || !a.Secret || a.Text != "" {
			t.Errorf("an argument is shown as %+v", a)
		}
	}
}

func TestNewRunnerRefusesNil(t *testing.T) {
	defer func() {
		if got := recover(); got != "runtime: the work is nil: give the constructor of github.com/workgen/workgen/testdata/golden/results.One one" {
			t.Errorf("recovered %v", got)
		}
	}()
	results.NewOneRunner(nil)
}

func TestTheCacheOwnsItsResults(t *testing.T) {
	ctx := t.Context()
	t.Run("returned from an argument that is not copied", func(t *testing.T) {
		r := corners.NewLendingRunner(&corners.Lending{})
		held := &corners.Held{S: []int{1}}
		r.Run(ctx, held)
		held.S[0] = 100
		if got, _ := r.Run(ctx, &corners.Held{S: []int{1}}); got[0] != 1 || r.Stats().Executions != 1 {
			t.Errorf("got %v after %d executions", got, r.Stats().Executions)
		}
	})
	t.Run("returned from a buffer that is used again", func(t *testing.T) {
		r := corners.NewReusingRunner(&corners.Reusing{})
		for _, n := range []int{1, 2, 1, 2} {
			if got, _ := r.Run(ctx, n); string(got) != string(rune('0'+n)) {
				t.Errorf("Run(%d) returns %s", n, got)
			}
		}
	})
	t.Run("but what is in fields that are no input, which are assigned", func(t *testing.T) {
		r := corners.NewHidingRunner(&corners.Hiding{})
		first, _ := r.Run(ctx, corners.Data{})
		first.Public[0] = 7
		second, _ := r.Run(ctx, corners.Data{})
		if second.Public[0] != 1 || second.Private[0] != 2 {
			t.Errorf("got %v", second)
		}
		if &first.Private[0] != &second.Private[0] || &first.Secrets[0] != &second.Secrets[0] {
			t.Error("a field that is no input was copied")
		}
	})
}

func TestShareStillCopiesArguments(t *testing.T) {
	r := corners.NewSharingRunner(&corners.Sharing{})
	look := make(chan struct{})
	xs := []int{1}
	call := r.Start(context.WithValue(t.Context(), corners.Sharing{}, look), xs)
	xs[0] = 100
	close(look)
	if got, err := call.Wait(t.Context()); got != 1 || err != nil {
		t.Errorf("the execution saw %d, %v: its caller changed the argument meanwhile", got, err)
	}
}

func TestCornersOfTheLanguage(t *testing.T) {
	r := corners.NewEmptyRunner(&corners.Empty{})
	run := func(a, b int) {
		r.Run(t.Context(), make([]struct{}, a), [3]struct{}{}, make([][]struct{}, b), map[[0]string]int{{}: a}, nil, nil, [0]int{}, [2][0]string{})
	}
	for _, lengths := range [][2]int{{1, 2}, {2, 1}, {1, 2}, {0, 3}, {3, 0}} {
		run(lengths[0], lengths[1])
	}
	if got := r.Stats().Executions; got != 4 {
		t.Errorf("%d executions, want 4", got)
	}
	keywords := corners.NewKeywordsRunner(&corners.Keywords{})
	everyChangeCounts(t, keywords.Stats, func(a corners.KeywordsArgs) error {
		_, err := keywords.Run(t.Context(), a.Math, a.Type, a.Uint64, a.String2, a.KeywordsIdentity, a.Clone)
		return err
	})
	deep := corners.NewDeepRunner(&corners.Deep{})
	everyChangeCounts(t, deep.Stats, func(a corners.DeepArgs) error {
		out, err := deep.Run(t.Context(), a.V)
		if place := shared(&a.V, &out); place != "" {
			t.Errorf("%s is shared with the caller", place)
		}
		return err
	})
}
