package plan

import "testing"

func TestInternalPackagesMayBeImportedBelowTheirParent(t *testing.T) {
	for _, test := range []struct {
		from, path string
		want       bool
	}{
		{"example.com/m", "example.com/m/internal/x", true},
		{"example.com/m/a", "example.com/m/internal/x", true},
		{"example.com/m2", "example.com/m/internal/x", false},
		{"example.com/m/a", "example.com/m/b/internal", false},
		{"example.com/m/b/c", "example.com/m/b/internal", true},
		{"example.com/m", "internal/abi", false},
		{"example.com/m", "example.com/internals/x", true},
	} {
		if got := importable(test.from, test.path); got != test.want {
			t.Errorf("%s may import %s: %v, want %v", test.from, test.path, got, test.want)
		}
	}
}

func TestLastFieldIsTheOneToTag(t *testing.T) {
	for expr, want := range map[string]string{
		"cfg.Hooks[].Done":    "Done",
		"cfg.Any[][]":         "Any",
		"cfg.By[key].A[].B[]": "B",
		"cfg":                 "cfg",
	} {
		if got := lastField(expr); got != want {
			t.Errorf("%s: got %s, want %s", expr, got, want)
		}
	}
}
