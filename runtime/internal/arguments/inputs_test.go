package arguments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

type site struct{ host string }

type login struct {
	User, Token string
	Tries       *int
}

// given is the inputs of a work that has a field and two arguments, of which one is secret.
func given() (*Inputs, *login, func(*key.Encoder)) {
	work, args := &site{"example.com"}, &login{User: "me", Token: "sesame, open"}
	encode := func(e *key.Encoder) {
		e.String(work.host)
		e.Next()
		e.String(args.User)
		e.Next()
		e.String(args.Token)
		e.Next()
		e.Nil()
	}
	return New(work, []string{"host string", "User string", "Token string", "Tries *int"}, []string{"Token"}), args, encode
}

func TestInputsAreDescribed(t *testing.T) {
	in, args, encode := given()
	secrets := in.Secrets(args)
	if diff := cmp.Diff([]string{"sesame, open"}, secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	stored, shown := in.ForStore(args, encode), in.ForPeople(args, encode)
	for i, want := range []store.Arg{
		{Name: "host", Type: "string", Text: `"example.com"`},
		{Name: "User", Type: "string", Text: `"me"`},
		{Name: "Token", Type: "string", Secret: true},
		{Name: "Tries", Type: "*int", Text: "nil"},
	} {
		if stored[i].Digest == (store.Arg{}).Digest {
			t.Errorf("%s has no digest in a store", want.Name)
		}
		if has := shown[i].Digest != (store.Arg{}).Digest; has != want.Secret {
			t.Errorf("%s has a digest for people: %t, want %t", want.Name, has, want.Secret)
		}
		stored[i].Digest, shown[i].Digest = want.Digest, want.Digest
		if diff := cmp.Diff([]store.Arg{want, want}, []store.Arg{stored[i], shown[i]}); diff != "" {
			t.Errorf("for a store, and for people (-want +got):\n%s", diff)
		}
	}
	if got, want := Summary(args), `User="me" Token="(secret)" Tries=…`; got != want {
		t.Errorf("in one line: %s, want %s", got, want)
	}
}

func TestFilesHaveADigestForPeople(t *testing.T) {
	type load struct {
		From key.File
		N    int
	}
	path := filepath.Join(t.TempDir(), "a")
	args := &load{key.File(path), 1}
	in := New(&site{}, []string{"From key.File", "N int"}, nil)
	list := func() []store.Arg {
		return in.ForPeople(args, func(e *key.Encoder) {
			args.From.EncodeKey(e)
			e.Next()
			e.Int(args.N)
		})
	}
	missing := list()
	if err := os.WriteFile(path, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	there := list()
	if missing[0].Digest == there[0].Digest || there[0].Digest != list()[0].Digest {
		t.Error("digests do not tell contents apart")
	}
	if none := (store.Arg{}).Digest; there[0].Digest == none || there[1].Digest != none {
		t.Errorf("%+v", there)
	}
	args.From = key.File(filepath.Dir(path)) // which is none
	if failed := list(); failed[0].Digest != (store.Arg{}).Digest {
		t.Errorf("%+v", failed)
	}
}

func TestInputsOfWhichNothingIsKnown(t *testing.T) {
	in, encode := New(nil, nil, nil), func(*key.Encoder) { t.Error("they are encoded") }
	if list := in.ForStore(&login{}, encode); list == nil || len(list) > 0 {
		t.Errorf("for a store: %v, want an empty list", list)
	}
	names := ""
	for _, arg := range in.ForPeople(&login{User: "me"}, encode) {
		names += arg.Name + arg.Text + " "
	}
	if want := `User"me" Token"" Triesnil `; names != want {
		t.Errorf("for people: %s, want %s", names, want)
	}
}

func TestDigestsOfSecretsAreThoseOfTheStore(t *testing.T) {
	digests := func(s store.Store) (first, again, other [16]byte) {
		in, args, encode := given()
		in.Use(s)
		first, again = in.ForStore(args, encode)[2].Digest, in.ForStore(args, encode)[2].Digest
		args.Token += "!"
		return first, again, in.ForStore(args, encode)[2].Digest
	}
	s := memory.New(0)
	first, again, other := digests(s)
	if elsewhere, _, _ := digests(s.Another()); first != again || first != elsewhere {
		t.Error("a secret has several digests in one store")
	}
	if elsewhere, _, _ := digests(memory.New(0)); first == elsewhere {
		t.Error("two stores have one digest")
	}
	if first == other {
		t.Error("two secrets have one digest")
	}
}

func TestTextsAreShortAndWithoutSecrets(t *testing.T) {
	redact.Add([]string{"the end of a long text"})
	text := Text(strings.Repeat("x", longest-10) + "the end of a long text")
	if len(text) > longest+len(redact.Mark) || strings.Contains(text, "the end") {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}
