package app

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// patched does what the script does.
func patched(t *testing.T, before []string, patch []byte) []string {
	t.Helper()
	var ops []any
	if err := json.Unmarshal(patch, &ops); err != nil {
		t.Fatal(err)
	}
	var out []string
	at := 0
	for _, op := range ops {
		switch op := op.(type) {
		case float64:
			out = append(out, before[at:at+int(op)]...)
			at += int(op)
		case string:
			fresh := tokens(op)
			out = append(out, fresh...)
			at += len(fresh)
		case []any:
			from, n := int(op[0].(float64)), int(op[1].(float64))
			out = append(out, before[from:from+n]...)
			at = from + n
		}
	}
	return out
}

func TestAPatchMakesThePageAnew(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	page := func() string {
		var b strings.Builder
		for range r.IntN(40) {
			fmt.Fprintf(&b, "<tr id=%d>\n<td>%d</td> and <br>", r.IntN(30), r.IntN(3))
		}
		return b.String() + []string{"", "tail", "\n"}[r.IntN(3)]
	}
	var before []string
	for i := range 2000 {
		text := page()
		now := tokens(text)
		if strings.Join(now, "") != text {
			t.Fatalf("tokens of %q are %q", text, now)
		}
		p := patch(before, now)
		if p == nil {
			if !slices.Equal(before, now) {
				t.Fatalf("no patch from %q to %q", before, now)
			}
			continue
		}
		if got := patched(t, before, p); !slices.Equal(got, now) {
			t.Fatalf("%d: from %q to %q by %s: got %q", i, before, now, p, got)
		}
		before = now
	}
	want(t, "patch of the same", patch(before, before) == nil, true)
}

func TestAPatchHasWhatIsDifferentOnly(t *testing.T) {
	row := func(id, n int) string { return fmt.Sprintf("<tr id=%d><td>row %d</td><td>%d</td></tr>\n", id, id, n) }
	var rows []string
	for i := range 100 {
		rows = append(rows, row(i, i))
	}
	before := tokens(strings.Join(rows, ""))
	for name, now := range map[string][]string{
		"a number":       slices.Concat(rows[:50], []string{row(50, 7)}, rows[51:]),
		"a row in front": slices.Concat([]string{row(100, 1)}, rows),
		"a row removed":  rows[1:],
		"a row moved":    slices.Concat(rows[1:], rows[:1]),
	} {
		p := string(patch(before, tokens(strings.Join(now, ""))))
		if len(p) > 80 {
			t.Errorf("%s: %s", name, p)
		}
	}
}
