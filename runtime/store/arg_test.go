package store_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// TestAnArgumentSaysWhetherItIsWhole: what is in quotes was written by somebody else.
func TestAnArgumentSaysWhetherItIsWhole(t *testing.T) {
	type pair struct {
		Name string
		Next *pair
	}
	deep := &pair{Name: "end"}
	for range 20 {
		deep = &pair{"x", deep}
	}
	for name, c := range map[string]struct {
		value any
		whole bool
	}{
		"nothing":             {"", true},
		"a text":              {"and so on… 3 more]", true},
		"in a struct":         {pair{Name: "there are 2 more]}"}, true},
		"with quotes":         {`she said "more…"`, true},
		"a time":              {time.Unix(0, 0), true},
		"a number":            {json.Number("7"), true},
		"a list":              {[]string{"a", "b more", "…"}, true},
		"a long text":         {strings.Repeat("a", 500), false},
		"a long text, quoted": {strings.Repeat(`"`, 500), false},
		"a long list":         {make([]int, 1000), false},
		"long bytes":          {make([]byte, 100), false},
		"a long map":          {map[string]string{"a": strings.Repeat("b", 500)}, false},
		"a deep one":          {deep, false},
	} {
		for _, redacted := range []bool{false, true} {
			text := preview.Text(c.value, 200)
			if redacted {
				text = preview.Cut(preview.Text(c.value, 4000), 200)
			}
			if a := (store.Arg{Text: text}); a.Whole() != c.whole {
				t.Errorf("%s: %v of %s", name, a.Whole(), a.Text)
			}
		}
	}
}
