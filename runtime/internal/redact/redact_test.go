package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// reset forgets all secrets.
func reset() {
	known.Lock()
	defer known.Unlock()
	known.starts, known.places, known.bytes = nil, nil, 0
	known.order.Init()
	some.Store(false)
}

// quotations are the ways in which errors quote a string.
var quotations = map[string]func(s string) string{
	"as it is":     func(s string) string { return s },
	"%q":           func(s string) string { return fmt.Sprintf("%q", s) },
	"%+q":          func(s string) string { return fmt.Sprintf("%+q", s) },
	"%#v":          func(s string) string { return fmt.Sprintf("%#v", struct{ S string }{s}) },
	"JSON":         func(s string) string { return marshal(s) },
	"query":        url.QueryEscape,
	"values":       func(s string) string { return url.Values{"k": {s}}.Encode() },
	"path segment": url.PathEscape,
	"path":         func(s string) string { return (&url.URL{Path: "/" + s}).String() },
	"user":         func(s string) string { return url.UserPassword("u", s).String() },
	"lower case":   func(s string) string { return lower(url.QueryEscape(s)) },
	"error of a client": func(s string) string {
		return (&url.Error{Op: "Get", URL: "https://h/?t=" + url.QueryEscape(s), Err: errors.New("401")}).Error()
	},
	"query in %q in JSON": func(s string) string { return marshal(fmt.Sprintf("%q", url.QueryEscape(s))) },
}

func marshal(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// lower writes %2F as %2f.
func lower(s string) string {
	out := []byte(s)
	for i := range out {
		if i+2 < len(out) && out[i] == '%' {
			copy(out[i:], bytes.ToLower(out[i:i+3]))
		}
	}
	return string(out)
}

func TestQuotedSecretsAreTakenOut(t *testing.T) {
	for _, secret := range []string{
		"sk-live-4711", `p"ss\wo'rd<&>`, "a b+c/d?e=f&g;h", "100%41 %2F%", "zeilen\nund\ttabs\rx", "pässwörter 日本", "\x00\x01\xfe\xffbytes", "12345678",
	} {
		reset()
		Add([]string{secret})
		for name, quote := range quotations {
			text := quote(secret)
			if name == "JSON" && !json.Valid([]byte(text)) || strings.Contains(name, "JSON") && strings.Contains(secret, "\xff") {
				continue // JSON has no such bytes
			}
			got := Text("before " + text + " after")
			if want := "before " + strings.Replace(quote("MARKMARK"), "MARKMARK", Mark, 1) + " after"; got != want {
				t.Errorf("%q as %s: %q", secret, name, got)
			}
		}
	}
}

func TestNothingOfASecretIsLeft(t *testing.T) {
	names := []string{}
	for name := range quotations {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		reset()
		secret := strings.TrimSpace(rapid.StringN(8, 40, -1).Draw(t, "secret"))
		if len(secret) < shortest {
			t.Skip()
		}
		Add([]string{secret})
		name := rapid.SampledFrom(names).Draw(t, "quotation")
		quoted := quotations[name](secret)
		before, after := rapid.StringOf(rapid.RuneFrom([]rune("ab %+\\\""))).Draw(t, "before"), rapid.String().Draw(t, "after")
		if got := Text(before + " " + quoted + " " + after); strings.Contains(got, quoted) && !strings.Contains(before+after, quoted) {
			t.Fatalf("%s: %q", name, got)
		}
	})
}

func TestOtherTextStays(t *testing.T) {
	reset()
	text := `Get "https://h/a%20b+c?x=\n%zz%": 401 \`
	if got := Text(text); got != text {
		t.Errorf("without secrets: %q", got)
	}
	Add([]string{"short", "   7 bytes   ", "long enough"})
	if got := Text("short, " + text + ", long enoug"); got != "short, "+text+", long enoug" {
		t.Errorf("got %q", got)
	}
}

func TestTheLongestSecretCounts(t *testing.T) {
	reset()
	Add([]string{"hunter2hunter", "hunter2hunter2hunter3", "overlaps hunter2"})
	for text, want := range map[string]string{
		"a hunter2hunter2hunter3 b":  "a (secret) b",
		"a hunter2hunter4 b":         "a (secret)4 b",
		"overlaps hunter2hunter end": "(secret)hunter end",
		"hunter2hunterhunter2hunter": "(secret)(secret)",
		"hunter2hunter":              "(secret)",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestSpaceAroundASecretDoesNotCount(t *testing.T) {
	reset()
	Add([]string{"  token from a file\r\n"})
	if got := Text("bad token: token from a file."); got != "bad token: (secret)." {
		t.Error(got)
	}
}

func TestTheLatestSecretsAreKept(t *testing.T) {
	reset()
	for i := range mostKept {
		Add([]string{fmt.Sprintf("secret-%06d", i)})
	}
	Add([]string{"secret-000000"}) // again
	Add([]string{"one more secret"})
	for text, want := range map[string]string{"secret-000000": Mark, "secret-000001": "secret-000001", "secret-000002": Mark, "one more secret": Mark} {
		if got := Text(text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	large := strings.Repeat("x", mostBytes+1)
	Add([]string{large})
	if Text(large) != Mark || Text("secret-000002") == Mark || known.bytes != len(large) || len(known.starts) != 1 {
		t.Error("a large secret does not take the place of all others")
	}
}

type named string

type login struct {
	User    string
	Token   named `workgen:"secret"`
	Pin     int   `workgen:"secret"`
	Ignored *int  `workgen:"-"`
}

func TestValuesAreFoundInAnyInput(t *testing.T) {
	u := url.URL{Host: "h", User: url.UserPassword("somebody", "password")}
	type cycle struct {
		Name string
		Next *cycle
	}
	round := &cycle{Name: "round"}
	round.Next = round
	for name, test := range map[string]struct {
		ptr  any
		want []string
	}{
		"string":        {new("a token"), []string{"a token"}},
		"named":         {new(named("a token")), []string{"a token"}},
		"number":        {new(-12345678), []string{"-12345678"}},
		"bytes":         {new([]byte("a token")), nil},
		"more bytes":    {new([]byte("a token!")), []string{"a token!", "6120746f6b656e21", "YSB0b2tlbiE=", "97 32 116 111 107 101 110 33"}},
		"array":         {new([8]byte{1, 2, 3, 4, 5, 6, 7, 8}), []string{"\x01\x02\x03\x04\x05\x06\x07\x08", "0102030405060708", "AQIDBAUGBwg=", "1 2 3 4 5 6 7 8"}},
		"slice":         {new([]string{"a", "b"}), []string{"a", "b"}},
		"map":           {new(map[string][]named{"k": {"v"}}), []string{"k", "v"}},
		"nil":           {new((*string)(nil)), nil},
		"interface":     {new(any(new("a"))), []string{"a"}},
		"unexported":    {new(struct{ a string }{"x"}), []string{"x"}},
		"a URL":         {&u, []string{"", "", "somebody", "password", "h", "", "", "", "", ""}},
		"tagged fields": {&login{"u", "t", 7, nil}, []string{"t", "7"}},
		"further down":  {new([]any{map[string]login{"k": {Token: "t"}}}), []string{"t", "0"}},
		"no inputs": {new(struct {
			A, B string `workgen:"-"`
		}{"a", "b"}), nil},
		"time": {new(time.Now()), nil},
	} {
		if diff := cmp.Diff(test.want, Values(test.ptr)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := Values(round); len(got) == 0 || got[0] != "round" {
		t.Errorf("of a cycle: %q", got)
	}
}

func TestALoggerWritesNoSecrets(t *testing.T) {
	reset()
	var out bytes.Buffer
	plain := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	Add([]string{"a secret word"})
	l := Logger(plain).With("by", "a secret word").WithGroup("g")
	l.Info("it is a secret word", "text", "a+secret+word", "error", errors.New("no a%20secret%20word"),
		slog.Group("h", "n", 1, "s", "a secret word"), "any", struct{ S string }{"a secret word"}, "other", []int{1}, "error2", error(nil))
	want := `level=INFO msg="it is (secret)" by=(secret) g.text=(secret) g.error="no (secret)" g.h.n=1 g.h.s=(secret) g.any={S:(secret)} g.other=[1] g.error2=<nil>` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
