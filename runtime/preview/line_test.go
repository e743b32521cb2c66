package preview_test

import (
	"testing"

	"github.com/workgen/workgen/runtime/preview"
)

func TestLinesHaveNothingThatATerminalObeys(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"plain 'text' \\ ä 漢 🙂 e\u0301": "plain 'text' \\ ä 漢 🙂 e\u0301",
		"a replacement \ufffd":          "a replacement \ufffd",
		"\x1b[31mred\a":                 `\x1b[31mred\a`,
		"two\nlines\r\n\ttab\v\f":       `two\nlines\r\n\ttab\v\f`,
		"nul \x00 delete \x7f":          `nul \x00 delete \x7f`,
		"C1 as a byte \x9b31m":          `C1 as a byte \x9b31m`,
		"C1 as UTF-8 \u009b31m":         `C1 as UTF-8 \u009b31m`,
		"cut \xe6\xbc":                  `cut \xe6\xbc`,
		"surrogate \xed\xa0\x80":        `surrogate \xed\xa0\x80`,
		"bidi \u202etxt\u202c \u2066a\u2069 \u200f\u061c": `bidi \u202etxt\u202c \u2066a\u2069 \u200f\u061c`,
		"no room \u200b\u200d\u2060\ufeff\u00ad\u034f":    `no room \u200b\u200d\u2060\ufeff\u00ad\u034f`,
		"lines \u2028\u2029\u0085":                        `lines \u2028\u2029\u0085`,
		"spaces \u00a0\u2003\u3000":                       `spaces \u00a0\u2003\u3000`,
		"fillers \u115f\u3164\uffa0":                      `fillers \u115f\u3164\uffa0`,
		"tags \U000e0041 \ufe0f\U000e0100":                `tags \U000e0041 \ufe0f\U000e0100`,
		"nobody's \ue000 \U0010ffff":                      `nobody's \ue000 \U0010ffff`,
	} {
		if got := preview.Line(text); got != want {
			t.Errorf("%+q:\n got %s\nwant %s", text, got, want)
		}
	}
}
