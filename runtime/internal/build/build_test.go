package build

import (
	"runtime"
	"strings"
	"testing"
)

func TestReleaseIsWithoutPatch(t *testing.T) {
	for version, want := range map[string]string{
		"go1.26":                          "go1.26",
		"go1.26.8":                        "go1.26",
		"go1.26.8-X:jsonv2":               "go1.26",
		"go1.26.8 (Red Hat 1.26.8-1)":     "go1.26",
		"go1.26.8-custom":                 "go1.26",
		"go1.27rc1":                       "go1.27rc1",
		"devel go1.27-0123abcd Mon Nov 2": "devel go1.27-0123abcd Mon Nov 2",
		"go1.27-devel_0123abcd X:jsonv2":  "go1.27-devel_0123abcd",
		"other":                           "other",
	} {
		if got := release(version); got != want {
			t.Errorf("%s: got %s, want %s", version, got, want)
		}
	}
}

func TestIngredients(t *testing.T) {
	defaults := map[string]string{"DefaultGODEBUG": "panicnil=1,urlstrictcolons=0"}
	for _, test := range []struct {
		name, version, godebug string
		settings               map[string]string
		want                   string
	}{
		{"nothing special", "go1.26.8", "", nil, "Go release: go1.26\n"},
		{"experiments", "go1.26.8-X:jsonv2,arenas", "", nil, "GOEXPERIMENT: jsonv2,arenas\nGo release: go1.26\n"},
		{"of go.mod", "go1.26.8", "", defaults, "GODEBUG panicnil: 1\nGODEBUG urlstrictcolons: 0\nGo release: go1.26\n"},
		{"the variable wins", "go1.26.8", "urlstrictcolons=1", defaults, "GODEBUG panicnil: 1\nGODEBUG urlstrictcolons: 1\nGo release: go1.26\n"},
		{"the last one wins", "go1.26.8", "panicnil=1,panicnil=0", nil, "GODEBUG panicnil: 0\nGo release: go1.26\n"},
		{"what only traces", "go1.26.8", "gctrace=1,schedtrace=1000,http2debug=2", nil, "Go release: go1.26\n"},
		{"a name that is not known", "go1.26.8", "later=1", nil, "GODEBUG later: 1\nGo release: go1.26\n"},
		{"what the runtime ignores", "go1.26.8", "later,,", nil, "Go release: go1.26\n"},
	} {
		if got := describe(test.version, test.settings, test.godebug); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestSumFollowsGODEBUG(t *testing.T) {
	before := Running()
	if !strings.Contains(before.Text, "Go release: "+release(runtime.Version())+"\n") || len(before.Sum) != 32 {
		t.Fatalf("%+v", before)
	}
	t.Setenv("GODEBUG", "urlstrictcolons=0")
	if b := Running(); b.Sum == before.Sum || !strings.Contains(b.Text, "GODEBUG urlstrictcolons: 0\n") {
		t.Errorf("urlstrictcolons=0 does not count: %+v", b)
	}
	t.Setenv("GODEBUG", "gctrace=1")
	if b := Running(); b != before {
		t.Errorf("gctrace=1 counts: %+v", b)
	}
}
