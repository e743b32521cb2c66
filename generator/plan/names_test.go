package plan

import "testing"

func TestFieldNamesAreExportedAndDistinct(t *testing.T) {
	names := newFieldNames("EncodeKey")
	for _, test := range []struct{ source, otherwise, want string }{
		{"day", "Arg1", "Day"},
		{"Day", "Arg2", "Day2"},
		{"_day", "Arg3", "Day3"},
		{"", "Arg4", "Arg4"},
		{"_", "Arg5", "Arg5"},
		{"arg5", "Arg6", "Arg52"},
		{"日", "Arg7", "X日"},
		{"éclair", "Arg8", "Éclair"},
		{"encodeKey", "Arg9", "EncodeKey2"},
	} {
		if got := names.name(test.source, test.otherwise); got != test.want {
			t.Errorf("%q becomes %s, want %s", test.source, got, test.want)
		}
	}
}

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
