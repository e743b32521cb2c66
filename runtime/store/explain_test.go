package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"iter"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

var ctx = context.Background()

const work = "example.com/daily.DataProcessor"

func keyed(words ...string) key.Key { return sha256.Sum256([]byte(strings.Join(words, "|"))) }

func input(name, value string) store.Arg {
	a := store.Arg{Name: name, Type: "string", Text: strconv.Quote(value)}
	sum := sha256.Sum256([]byte(value))
	copy(a.Digest[:], sum[:])
	return a
}

func secret(name, value string) store.Arg {
	a := input(name, value)
	a.Text, a.Secret = "", true
	return a
}

// call is one of work, of the first version of its code unless change does more.
func call(source, day string, change func(r *store.Record)) store.Record {
	r := store.Record{
		Ref: store.Ref{Work: work}, Schema: "s1", Code: "c1", Symbols: "daily.Run 11\ndaily.clean 22\ngo1.26 33\n",
		Args: []store.Arg{input("Source", source), input("day", day)}, Finished: time.Now(),
	}
	if change != nil {
		change(&r)
	}
	words := []string{r.Schema, r.Code, r.Build}
	for _, a := range r.Args {
		words = append(words, a.Name, a.Type, string(a.Digest[:]))
	}
	r.Key = keyed(words...)
	return r
}

func keep(t testing.TB, s store.Store, r store.Record) store.Record {
	t.Helper()
	return end(t, s, r, store.Succeeded)
}

// end executes a call, which ends somehow.
func end(t testing.TB, s store.Store, r store.Record, how store.Status) store.Record {
	t.Helper()
	l, err := s.Begin(ctx, r)
	if err == nil {
		r.Status = how
		err = s.End(ctx, l, r, store.Bytes("x"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return listed(t, s, r.Key)
}

// listed returns the record of a key.
func listed(t testing.TB, s store.Store, k key.Key) store.Record {
	t.Helper()
	for r, err := range s.History(ctx, store.Filter{Prefix: k.String(), Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	t.Fatal("no record")
	return store.Record{}
}

// explained is the reason, which has to be one cause.
func explained(t testing.TB, s store.Store, r store.Record, want store.Cause) store.Reason {
	t.Helper()
	why, err := store.Explain(ctx, s, r)
	if err != nil || why.Cause != want || why.Work != r.Work {
		t.Fatalf("%+v, %v, want cause %s", why, err, want)
	}
	return why
}

func wantText(t testing.TB, why store.Reason, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(why.String(), w) {
			t.Errorf("%q does not say %q", why, w)
		}
	}
}

func TestACallOfAnUnknownWorkIsNew(t *testing.T) {
	s := memory.New(0)
	r := call("s3", "25", nil)
	wantText(t, explained(t, s, r, store.CauseNew), "never seen", work)
	other := call("s3", "25", func(r *store.Record) { r.Work = "another" })
	other.Key = keyed("another")
	keep(t, s, other)
	explained(t, s, r, store.CauseNew)
	// The first call that was executed still was new when there are others.
	r = keep(t, s, r)
	keep(t, s, call("s3", "26", nil))
	explained(t, s, r, store.CauseNew)
}

func TestACallWithoutKeyIsNotCached(t *testing.T) {
	r := call("s3", "25", nil)
	r.Key = key.Key{}
	wantText(t, explained(t, memory.New(0), r, store.CauseOff), "caching is off")
}

func TestArgumentsThatDifferAreNamed(t *testing.T) {
	s := memory.New(0)
	keep(t, s, call("ftp", "25", nil))
	near := keep(t, s, call("s3", "24", nil))
	keep(t, s, call("ftp", "23", nil))
	want := []store.ArgChange{{Name: "day", Was: `"24"`, Is: `"26"`}}
	r := call("s3", "26", nil)
	for _, executed := range []bool{false, true} {
		if executed {
			r = keep(t, s, r)
		}
		why := explained(t, s, r, store.CauseArguments)
		if diff := cmp.Diff(want, why.Args); diff != "" || why.Nearest != near.Key || !why.Finished.Equal(near.Finished) {
			t.Errorf("%+v\n%s", why, diff)
		}
		if why.Code != nil || why.Schema != nil || why.Symbols != nil {
			t.Errorf("%+v", why)
		}
		wantText(t, why, "argument day differs from the nearest earlier call, "+near.Key.String()[:12], `day was "24", is "26"`)
	}
	// Of calls that are equally near the newest is the nearest.
	near = keep(t, s, call("s3", "27", nil))
	if why := explained(t, s, call("s3", "28", nil), store.CauseArguments); why.Nearest != near.Key {
		t.Errorf("%+v", why)
	}
	// All that differ are named.
	why := explained(t, s, call("gs", "28", nil), store.CauseArguments)
	if len(why.Args) != 2 {
		t.Errorf("%+v", why)
	}
	wantText(t, why, "arguments Source, day differ")
}

func TestSecretsAreNamedOnly(t *testing.T) {
	s := memory.New(0)
	with := func(token string) store.Record {
		return call("s3", "25", func(r *store.Record) { r.Args = append(r.Args, secret("token", token)) })
	}
	keep(t, s, with("hunter2"))
	r := with("hunter3")
	r.Args[2].Text = "hunter3" // even if somebody rendered it
	why := explained(t, s, r, store.CauseArguments)
	if diff := cmp.Diff([]store.ArgChange{{Name: "token", Secret: true}}, why.Args); diff != "" {
		t.Error(diff)
	}
	b, err := json.Marshal(why)
	if err != nil || strings.Contains(string(b)+why.String(), "hunter") {
		t.Errorf("%s %v", b, err)
	}
	wantText(t, why, "token (secret)")
	explained(t, s, with("hunter2"), store.CauseHit)
	// An input that was shown before it became a secret, and one that is new.
	r = with("hunter2")
	r.Key, r.Args[1] = keyed("another"), secret("day", "26")
	r.Args[2].Name, r.Args[2].Text = "password", "hunter2"
	why = explained(t, s, r, store.CauseArguments)
	want := []store.ArgChange{
		{Name: "day", Secret: true}, {Name: "password", Secret: true, Added: true}, {Name: "token", Secret: true, Removed: true},
	}
	if diff := cmp.Diff(want, why.Args); diff != "" {
		t.Error(diff)
	}
}

func TestInputsComeAndGo(t *testing.T) {
	s := memory.New(0)
	keep(t, s, call("s3", "25", nil))
	why := explained(t, s, call("s3", "25", func(r *store.Record) {
		r.Schema = "s2"
		r.Args[1].Name = "date"
		r.Args[0].Type = "daily.Source"
		r.Args = append(r.Args, secret("token", "x"))
	}), store.CauseArguments)
	want := []store.ArgChange{
		{Name: "Source", Was: `"s3"`, Is: `"s3"`, Retyped: true},
		{Name: "date", Is: `"25"`, Added: true},
		{Name: "token", Secret: true, Added: true},
		{Name: "day", Was: `"25"`, Removed: true},
	}
	if diff := cmp.Diff(want, why.Args); diff != "" || *why.Schema != (store.Change{Was: "s1", Is: "s2"}) {
		t.Errorf("%+v\n%s", why, diff)
	}
	wantText(t, why, "Source has another type", "date was not there", "token was not there (secret)",
		`day was "25", is not there any more`, "types of inputs or results have changed")
}

func TestSymbolsThatChangedAreNamed(t *testing.T) {
	s := memory.New(0)
	near := keep(t, s, call("s3", "25", nil))
	keep(t, s, call("s3", "24", nil))
	newer := func(r *store.Record) { r.Code, r.Symbols = "c2", "daily.Run 11\ndaily.fetch all 44\ngo1.26 99\n" }
	r := call("s3", "25", newer)
	for _, executed := range []bool{false, true} {
		if executed {
			r = keep(t, s, r)
		}
		why := explained(t, s, r, store.CauseCode)
		want := []store.SymbolChange{
			{Name: "daily.fetch all", Is: "44"}, {Name: "go1.26", Was: "33", Is: "99"}, {Name: "daily.clean", Was: "22"},
		}
		if diff := cmp.Diff(want, why.Symbols); diff != "" || why.Nearest != near.Key || *why.Code != (store.Change{Was: "c1", Is: "c2"}) {
			t.Errorf("%+v\n%s", why, diff)
		}
		wantText(t, why, "code changed: ", "daily.clean removed", "daily.fetch all added", "go1.26 changed", near.Key.String()[:12])
	}
	// When arguments differ too they come first.
	why := explained(t, s, call("gs", "24", func(r *store.Record) { r.Code = "c3" }), store.CauseArguments)
	wantText(t, why, "Source", "; code changed")
	// Results that are not there any more count too.
	if _, err := s.Delete(ctx, near.Ref); err != nil {
		t.Fatal(err)
	}
	if why := explained(t, s, call("s3", "25", func(r *store.Record) { r.Code = "c4" }), store.CauseCode); why.Nearest == near.Key {
		t.Error("the oldest of two was taken for the nearest")
	}
	if _, err := s.Delete(ctx, r.Ref); err != nil {
		t.Fatal(err)
	}
	explained(t, s, call("s3", "25", func(r *store.Record) { r.Code = "c4" }), store.CauseCode)
	// A version that was pinned by hand has no symbols.
	pinned := call("s3", "25", func(r *store.Record) { r.Code, r.Symbols = "version 3", "" })
	if why := explained(t, s, pinned, store.CauseCode); why.Symbols != nil || why.Code.Is != "version 3" {
		t.Errorf("%+v", why)
	}
}

func TestSchemasThatChangedAreTold(t *testing.T) {
	s := memory.New(0)
	keep(t, s, call("s3", "25", nil))
	why := explained(t, s, call("s3", "25", func(r *store.Record) { r.Schema = "s2" }), store.CauseSchema)
	if why.Code != nil || *why.Schema != (store.Change{Was: "s1", Is: "s2"}) {
		t.Errorf("%+v", why)
	}
	wantText(t, why, "types of inputs or results have changed since the nearest earlier call")
	why = explained(t, s, call("s3", "25", func(r *store.Record) {
		r.Schema, r.Code, r.Symbols = "s2", "c2", "daily.Run 12\ndaily.clean 22\ngo1.26 33\n"
	}), store.CauseSchema)
	wantText(t, why, "; code changed: daily.Run changed")
}

func TestBuildsThatDifferAreTold(t *testing.T) {
	s := memory.New(0)
	built := func(build string) func(r *store.Record) {
		return func(r *store.Record) { r.Build = build }
	}
	near := keep(t, s, call("s3", "25", built("-tags: pro\nGODEBUG panicnil: 1\nGo release: go1.26\n")))
	for _, test := range []struct{ build, want string }{
		{"-tags: pro\nGODEBUG panicnil: 1\nGo release: go1.27\n", "built with Go release go1.27, before with go1.26 since"},
		{"GODEBUG panicnil: 1\nGo release: go1.26\n", "built without -tags, before with -tags pro since"},
		{"-tags: pro\nGODEBUG panicnil: 0\nGo release: go1.26\n", "run with GODEBUG panicnil=0, before with 1 since"},
		{"-tags: pro\nGo release: go1.26\n", "run without GODEBUG panicnil, before with GODEBUG panicnil=1 since"},
		{"-tags: pro\nGODEBUG later: 1\nGODEBUG panicnil: 1\nGOEXPERIMENT: jsonv2\nGo release: go1.26\n",
			"run with GODEBUG later=1, before without; built with GOEXPERIMENT jsonv2, before without since"},
	} {
		why := explained(t, s, call("s3", "25", built(test.build)), store.CauseBuild)
		wantText(t, why, test.want, near.Key.String()[:12])
	}
	modules := keep(t, s, call("s4", "25", built("module example.com/a: v1 h1:1\nmodule example.com/b: v1 h1:1\n")))
	why := explained(t, s, call("s4", "25", built("module example.com/a: v2 h1:2\nmodule example.com/b: v1 h1:2\n")), store.CauseBuild)
	wantText(t, why, "built with module example.com/a v2, before with v1; built with module example.com/b v1 h1:2, before with v1 h1:1 since", modules.Key.String()[:12])
	// A record of which the build is not known, and a version that stands for it.
	explained(t, s, call("s3", "25", built("")), store.CauseUnknown)
	// What else differs comes first.
	why = explained(t, s, call("s3", "25", func(r *store.Record) {
		built("-tags: pro\nGODEBUG panicnil: 1\nGo release: go1.27\n")(r)
		r.Code = "c2"
	}), store.CauseCode)
	wantText(t, why, "code changed since the nearest", "; built with Go release go1.27")
	if diff := cmp.Diff([]store.BuildChange{{Name: "Go release", Was: "go1.26", Is: "go1.27"}}, why.Build); diff != "" {
		t.Error(diff)
	}
}

func TestWhatHasGoneIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(0)
		r := call("s3", "25", func(r *store.Record) { r.Expires = time.Now().Add(time.Hour) })
		executed := keep(t, s, r)
		keep(t, s, call("s3", "24", nil))
		wantText(t, explained(t, s, r, store.CauseHit), "hit")
		time.Sleep(2 * time.Hour)
		wantText(t, explained(t, s, r, store.CauseExpired), "expired at 2000-01-01T")
		explained(t, s, executed, store.CauseNew) // when it was executed

		// Executed once more, it was because of that; deleted, it is because of that.
		r.Expires = time.Time{}
		executed = keep(t, s, r)
		explained(t, s, executed, store.CauseExpired)
		if _, err := s.Delete(ctx, r.Ref); err != nil {
			t.Fatal(err)
		}
		why := explained(t, s, r, store.CauseDeleted)
		if !why.At.Equal(time.Now()) {
			t.Errorf("at %v", why.At)
		}
		wantText(t, why, "deleted at 2000-01-01T")
		explained(t, s, executed, store.CauseExpired)

		// A failure is no result.
		r.Error = "no such file"
		explained(t, s, end(t, s, r, store.Failed), store.CauseDeleted)
		wantText(t, explained(t, s, r, store.CauseFailed), "failed at 2000-01-01T", "no such file")
		explained(t, s, end(t, s, r, store.GivenUp), store.CauseFailed)
		wantText(t, explained(t, s, r, store.CauseGivenUp), "given up at 2000-01-01T", "no such file")
		explained(t, s, end(t, s, r, store.Stopped), store.CauseGivenUp)
		wantText(t, explained(t, s, r, store.CauseStopped), "stopped at 2000-01-01T")
		l, err := s.Begin(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		wantText(t, explained(t, s, r, store.CauseRunning), "being executed")
		time.Sleep(time.Until(l.Expires))
		wantText(t, explained(t, s, r, store.CauseLost), "lost at 2000-01-01T", "its lease has expired")
		explained(t, s, keep(t, s, r), store.CauseLost)
	})
}

// file is an input that is a path, and the content of what it names.
func file(name, typ, text, content string) store.Arg {
	a := input(name, text+content)
	a.Type, a.Text = typ, text
	return a
}

func TestContentThatChangedIsNamed(t *testing.T) {
	load := func(args ...store.Arg) store.Record {
		return call("", "", func(r *store.Record) { r.Args = args })
	}
	for _, test := range []struct{ typ, text, want string }{
		{"key.File", `"data/a.csv"`, "the content of data/a.csv changed since call "},
		{"key.Dir", `"."`, "the content of . changed since call "},
		{"*key.File", `"a"`, "the content of a changed since call "},
		{"key.File", `"a b"`, `the content of "a b" changed since call `},
		{"key.File", `"a\x1b[0m"`, `the content of "a\x1b[0m" changed since call `},
		{"key.File", `""`, `the content of "" changed since call `},
		{"[]key.File", `["a", "b"]`, "the content of what from names changed since call "},
		{"map[string]key.Dir", `{"x": "a"}`, "the content of what from names changed since call "},
		{"[]key.File", `["a", 3 more]`, "from differs in what is not shown of"},
		{"key.File", `"aaaa…`, "from differs in what is not shown of"},
		{"string", `"a"`, "from differs in what is not shown of"},
		{"Source", `{Path: "a"}`, "from differs in what is not shown of"},
	} {
		s := memory.New(0)
		near := keep(t, s, load(file("from", test.typ, test.text, "1"), input("n", "1")))
		keep(t, s, load(file("from", test.typ, `"other"`, "1"), input("n", "1")))
		keep(t, s, load(file("from", test.typ, test.text, "1"), input("n", "3")))
		why := explained(t, s, load(file("from", test.typ, test.text, "2"), input("n", "1")), store.CauseArguments)
		wantText(t, why, test.want, near.Key.String()[:12])
		if len(why.Args) != 1 || why.Args[0].Content != !strings.Contains(test.want, "differs") || why.Nearest != near.Key {
			t.Errorf("%s: %+v", test.text, why)
		}
	}
	s := memory.New(0)
	near := keep(t, s, load(file("from", "key.File", `"a"`, "1"), file("to", "key.Dir", `"b"`, "1"), input("n", "1")))
	why := explained(t, s, load(file("from", "key.File", `"a"`, "2"), file("to", "key.Dir", `"b"`, "2"), input("n", "1")), store.CauseArguments)
	wantText(t, why, "the content of a changed, the content of b changed since call "+near.Key.String()[:12])
	// With something else that differs, and a path that does.
	why = explained(t, s, load(file("from", "key.File", `"a"`, "2"), file("to", "key.Dir", `"c"`, "1"), input("n", "2")), store.CauseArguments)
	wantText(t, why, "arguments from, to, n differ from the nearest earlier call, ", `: the content of a changed, to was "b", is "c", n was "1", is "2"`)
	// A secret path is not told, nor that it is the same.
	hidden := func(content string) store.Arg {
		a := file("from", "key.File", "", content)
		a.Secret = true
		return a
	}
	s = memory.New(0)
	keep(t, s, load(hidden("1")))
	wantText(t, explained(t, s, load(hidden("2")), store.CauseArguments), "argument from differs", ": from (secret)")
}

func TestContentsAreToldApart(t *testing.T) {
	for _, test := range []struct {
		arg  store.Arg
		want string
	}{
		{store.Arg{Type: "key.File", Text: `"a"`, Digest: [16]byte{0, 1, 0xab}}, `"a"#0001ab`},
		{store.Arg{Type: "*key.Dir", Text: `"a"`, Digest: [16]byte{15: 1}}, `"a"#000000`},
		{store.Arg{Type: "...key.File", Text: `["a"]`, Digest: [16]byte{255}}, `["a"]#ff0000`},
		{store.Arg{Type: "map[Pair[int, key.File]][2]key.Dir", Text: "x", Digest: [16]byte{255}}, `x#ff0000`},
		{store.Arg{Type: "key.File", Text: `"a"`}, `"a"`},
		{store.Arg{Type: "key.File", Secret: true, Digest: [16]byte{1}}, "(secret)"},
		{store.Arg{Type: "string", Text: `"a"`, Digest: [16]byte{1}}, `"a"`},
		{store.Arg{Type: "key.Files", Text: `"a"`, Digest: [16]byte{1}}, `"a"`},
		{store.Arg{Type: "monkey.File", Text: `"a"`, Digest: [16]byte{1}}, `"a"`},
		{store.Arg{Type: "[]key.Director", Text: `"a"`, Digest: [16]byte{1}}, `"a"`},
	} {
		if got := test.arg.String(); got != test.want {
			t.Errorf("%s: %s, want %s", test.arg.Type, got, test.want)
		}
	}
}

func TestTheNearestCallIsOfTheSameIdentityFirst(t *testing.T) {
	of := func(path, content, n, code string) store.Record {
		return call("", "", func(r *store.Record) {
			r.Code, r.Symbols = code, ""
			r.Args = []store.Arg{file("path", "key.File", strconv.Quote(path), content), input("n", n)}
		})
	}
	asked := of("a", "2", "1", "c2")
	// From the farthest to the nearest, which are kept the other way round: the newest is the
	// farthest.
	order := []store.Record{
		of("b", "1", "9", "c1"), // nothing in common
		of("b", "1", "8", "c2"), // only the code
		of("a", "1", "9", "c1"), // the path
		of("a", "1", "9", "c2"), // with the code
		of("b", "1", "1", "c1"), // an equal argument
		of("b", "1", "1", "c2"),
		of("a", "1", "1", "c1"), // all reads the same
		of("a", "1", "1", "c2"),
		of("a", "2", "1", "c1"), // the same arguments, with other code
	}
	for n := range order {
		s := memory.New(0)
		for i := n; i >= 0; i-- {
			keep(t, s, order[i])
		}
		why, err := store.Explain(ctx, s, asked)
		if err != nil || why.Nearest != order[n].Key {
			t.Errorf("call %d: %+v, %v", n, why, err)
		}
	}
	// Its own earlier execution comes before all.
	s := memory.New(0)
	failed := asked
	failed.Error = "no such file"
	end(t, s, failed, store.Failed)
	keep(t, s, order[len(order)-1])
	wantText(t, explained(t, s, asked, store.CauseFailed), "no such file")
}

// records is a store that lists what it is.
type records struct {
	store.Store
	list []store.Record
	err  error
	most *int // how many were listed
}

func (s records) History(_ context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		n := 0
		for i := range s.list {
			if f.Match(&s.list[i]) {
				if n++; f.Limit > 0 && n > f.Limit {
					return
				}
				if *s.most = max(*s.most, n); !yield(s.list[i], nil) {
					return
				}
			}
		}
		if s.err != nil {
			yield(store.Record{}, s.err)
		}
	}
}

func TestEvictionAndDamageAreTold(t *testing.T) {
	r := call("s3", "25", nil)
	for status, want := range map[store.Status]store.Cause{store.Evicted: store.CauseEvicted, store.Unreadable: store.CauseUnreadable} {
		gone := r
		gone.Status, gone.Error, gone.Seq = status, "wrong checksum", 7
		gone.Gone = time.Date(2022, 5, 25, 0, 0, 0, 0, time.UTC)
		why := explained(t, records{list: []store.Record{gone}, most: new(int)}, r, want)
		wantText(t, why, "at 2022-05-25T00:00:00Z")
		if told := strings.Contains(why.String(), "wrong checksum"); told != (status == store.Unreadable) {
			t.Error(why)
		}
	}
}

func TestNothingThatIsKnownDiffers(t *testing.T) {
	near := call("s3", "25", nil)
	near.Status, near.Seq = store.Succeeded, 1
	r := near
	r.Seq, r.Key = 0, keyed("another")
	wantText(t, explained(t, records{list: []store.Record{near}, most: new(int)}, r, store.CauseUnknown), near.Key.String()[:12])
}

// TestExplainingIsBounded: by MaxExplained records, however many there are.
func TestExplainingIsBounded(t *testing.T) {
	const many = 3 * store.MaxExplained
	s := records{most: new(int)}
	for n := range many {
		r := call("s3", strconv.Itoa(n), nil)
		r.Seq, r.Status = uint64(many-n), store.Succeeded
		s.list = append(s.list, r)
	}
	why := explained(t, s, call("gs", strconv.Itoa(store.MaxExplained-1), nil), store.CauseArguments)
	if len(why.Args) != 1 || *s.most > store.MaxExplained {
		t.Errorf("%d records were listed, %+v", *s.most, why)
	}
	why = explained(t, s, call("gs", strconv.Itoa(store.MaxExplained), nil), store.CauseArguments)
	if why.Nearest != s.list[0].Key {
		t.Errorf("%+v", why)
	}
	// It ends where none can be nearer.
	*s.most = 0
	explained(t, s, call("s3", "5", func(r *store.Record) { r.Code = "c2" }), store.CauseCode)
	if *s.most != 6 {
		t.Errorf("%d records were listed, want 6", *s.most)
	}
}

// asking notes how many records were asked for at once.
type asking struct {
	records
	limits *[]int
}

func (s asking) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	*s.limits = append(*s.limits, f.Limit)
	return s.records.History(ctx, f)
}

// TestExplainAsksForNoMoreThanItNeeds of the executions before, of which there may be thousands; those
// that were Again and came to nothing are passed over, however many they are.
func TestExplainAsksForNoMoreThanItNeeds(t *testing.T) {
	const many = 250
	s := asking{records{most: new(int)}, new([]int)}
	for n := range many {
		r := call("s3", "25", nil)
		r.Seq, r.Status = uint64(many-n), store.Failed
		s.list = append(s.list, r)
	}
	r := call("s3", "25", nil)
	explained(t, s, r, store.CauseFailed)
	if diff := cmp.Diff([]int{1}, *s.limits); diff != "" {
		t.Error(diff)
	}
	for n := range many - 1 {
		s.list[n].Again = true
	}
	s.list[many-1].Status = store.Evicted
	*s.limits = nil
	explained(t, s, r, store.CauseEvicted)
	if diff := cmp.Diff([]int{1, 100, 100, 100}, *s.limits); diff != "" {
		t.Error(diff)
	}
	s.list[many-1].Status, s.list[many-1].Again = store.Failed, true
	explained(t, s, r, store.CauseFailed)
}

func TestExplainFailsWithTheStore(t *testing.T) {
	broken := errors.New("broken")
	for _, seq := range []uint64{0, 5} {
		r := call("s3", "25", nil)
		r.Seq = seq
		if _, err := store.Explain(ctx, records{err: broken, most: new(int)}, r); err != broken {
			t.Errorf("Seq %d: %v", seq, err)
		}
	}
}

func TestReasonsHaveAStableJSON(t *testing.T) {
	r := store.Reason{
		Cause: store.CauseArguments, Work: "w", Nearest: keyed("x"), Finished: time.Date(2022, 5, 25, 0, 0, 0, 0, time.UTC),
		Args:   []store.ArgChange{{Name: "day", Was: "1", Is: "2"}, {Name: "a", Added: true}, {Name: "b", Removed: true}, {Name: "c", Secret: true, Retyped: true}, {Name: "f", Content: true}},
		Schema: &store.Change{Was: "s1", Is: "s2"}, Code: &store.Change{Was: "c1", Is: "c2"},
		Symbols: []store.SymbolChange{{Name: "f", Was: "1", Is: "2"}, {Name: "g", Is: "3"}},
		Build:   []store.BuildChange{{Name: "-tags", Is: "pro"}},
	}
	const want = `{"cause":"arguments","work":"w","nearest":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",` +
		`"nearestFinished":"2022-05-25T00:00:00Z","arguments":[{"name":"day","was":"1","is":"2"},{"name":"a","added":true},` +
		`{"name":"b","removed":true},{"name":"c","secret":true,"retyped":true},{"name":"f","content":true}],"schema":{"was":"s1","is":"s2"},` +
		`"code":{"was":"c1","is":"c2"},"symbols":[{"name":"f","was":"1","is":"2"},{"name":"g","is":"3"}],` +
		`"build":[{"name":"-tags","is":"pro"}]}`
	got, err := json.Marshal(r)
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, err = json.Marshal(store.Reason{Cause: store.CauseFailed, Work: "w", At: r.Finished, Error: "e"})
	if string(got) != `{"cause":"failed","work":"w","at":"2022-05-25T00:00:00Z","error":"e"}` || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

func TestLongListsAreCounted(t *testing.T) {
	r := store.Reason{Cause: store.CauseCode, Code: &store.Change{}}
	for n := range 30 {
		r.Symbols = append(r.Symbols, store.SymbolChange{Name: "f" + strconv.Itoa(n), Was: "1", Is: "2"})
	}
	if s := r.String(); !strings.Contains(s, "f7 changed, 22 more") || strings.Contains(s, "f8") || len(r.Symbols) != 30 {
		t.Error(s)
	}
	r.Symbols = r.Symbols[:9]
	wantText(t, r, "f8 changed")
}
