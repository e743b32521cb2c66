package app

import "testing"

func TestSummariesSayMoreThanABracket(t *testing.T) {
	f := fold("{\n  Epochs: 3600,\n  Rate: 0.003\n}")
	want(t, "summary", f.Summary, "{ Epochs: 3600, Rate: 0.003 }")
	want(t, "hostile", oneLine("a\u202e\nb\x1b", 100), `a\u202e b\x1b`)
}
