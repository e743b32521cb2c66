package emit

import "testing"

func TestTheFirstParagraphIsWhatTheUserSaysFirst(t *testing.T) {
	for doc, want := range map[string]string{
		"":                              "",
		"A train.\n":                    "A train.",
		"A train\nof 100% words.\n\nB.": "A train\nof 100% words.",
		"Like this:\n\n\tcode\n":        "Like this:",
		"Either\n  - this\n  - that\n":  "Either",
		"# Heading\n\nText\n":           "",
		"\tcode\n":                      "",
	} {
		if got := firstParagraph(doc); got != want {
			t.Errorf("%q: got %q, want %q", doc, got, want)
		}
	}
}
