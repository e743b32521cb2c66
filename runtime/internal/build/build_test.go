package build

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"unsafe"
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
	defaults := []debug.BuildSetting{{Key: "-compiler", Value: "gc"}, {Key: "DefaultGODEBUG", Value: "panicnil=1,urlstrictcolons=0"}}
	for _, test := range []struct {
		name, version, godebug string
		settings               []debug.BuildSetting
		want                   string
	}{
		{"nothing special", "go1.26.8", "", nil, "Go release: go1.26\n"},
		{"experiments", "go1.26.8-X:jsonv2,arenas", "", nil, "GOEXPERIMENT: jsonv2,arenas\nGo release: go1.26\n"},
		{"of go.mod", "go1.26.8", "", defaults, "GODEBUG panicnil: 1\nGODEBUG urlstrictcolons: 0\nGo release: go1.26\n"},
		{"the variable wins", "go1.26.8", "urlstrictcolons=1", defaults, "GODEBUG panicnil: 1\nGODEBUG urlstrictcolons: 1\nGo release: go1.26\n"},
		{"the last one wins", "go1.26.8", "panicnil=1,panicnil=0", nil, "GODEBUG panicnil: 0\nGo release: go1.26\n"},
		{"what only traces", "go1.26.8", "gctrace=1,schedtrace=1000,http2debug=2", nil, "Go release: go1.26\n"},
		{"a name that is not known", "go1.26.8", "later=1", nil, "GODEBUG later: 1\nGo release: go1.26\n"},
		{"tags in any order", "go1.26.8", "", []debug.BuildSetting{{Key: "-tags", Value: "pro,netgo,pro"}}, "-tags: netgo,pro\nGo release: go1.26\n"},
		{"a frozen module of crypto", "go1.26.8", "", []debug.BuildSetting{{Key: "GOFIPS140", Value: "v1.0.0"}}, "GOFIPS140: v1.0.0\nGo release: go1.26\n"},
		{"what the runtime ignores", "go1.26.8", "later,,", nil, "Go release: go1.26\n"},
	} {
		p := program{version: test.version, info: &debug.BuildInfo{Settings: test.settings}}
		if got := describe(p, test.godebug, &Code{}); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// Module m has the work; it reaches a, and h, whose content is known. It does not reach z.
func TestModulesCountAsTheyAreLinked(t *testing.T) {
	reach := &Code{Module: "m", Modules: []string{"a", "windows-only"}, Hashed: []string{"h"}}
	const program = "program (%): 0123\n"
	own := debug.Module{Path: "m", Version: "v1.0.0+dirty"}
	dep := func(path, version, sum string) *debug.Module {
		return &debug.Module{Path: path, Version: version, Sum: sum}
	}
	replaced := func(path string, by *debug.Module) *debug.Module {
		return &debug.Module{Path: path, Version: "v1", Replace: by}
	}
	z, ours := dep("z", "v1", "h1:z"), dep("github.com/workgen/workgen", "v1", "h1:w")
	for _, test := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"by version and sum", &debug.BuildInfo{Path: "m/cmd", Main: own, Deps: []*debug.Module{dep("a", "v1", "h1:a"), dep("h", "(devel)", ""), z, ours}},
			"module a: v1 h1:a\n"},
		{"a replaced one by its replacement", &debug.BuildInfo{Path: "m/cmd", Main: own, Deps: []*debug.Module{replaced("a", dep("fork", "v2", "h1:f"))}},
			"module a: fork v2 h1:f\n"},
		{"a folder", &debug.BuildInfo{Path: "m/cmd", Main: own, Deps: []*debug.Module{replaced("a", dep("../a", "", ""))}},
			strings.ReplaceAll(program, "%", "module a has no checksum")},
		{"a folder whose content is known", &debug.BuildInfo{Path: "m/cmd", Main: own, Deps: []*debug.Module{replaced("h", dep("../h", "", ""))}}, ""},
		{"known content, but another version is linked", &debug.BuildInfo{Path: "m/cmd", Main: own, Deps: []*debug.Module{dep("h", "v3", "h1:h")}},
			"module h: v3 h1:h\n"},
		{"vendored", &debug.BuildInfo{Path: "m/cmd", Main: own, Deps: []*debug.Module{dep("a", "v1", "")}},
			strings.ReplaceAll(program, "%", "module a has no checksum")},
		{"vendored, and the content is known", &debug.BuildInfo{Path: "m/cmd", Main: own, Deps: []*debug.Module{dep("h", "v1", "")}}, ""},
		{"files that are named", &debug.BuildInfo{Path: "command-line-arguments", Deps: []*debug.Module{dep("a", "v1", "h1:a"), z, ours}},
			"module a: v1 h1:a\n"},
		{"files that are named, which import packages", &debug.BuildInfo{Path: "command-line-arguments", Deps: []*debug.Module{dep("m", "(devel)", ""), dep("a", "v1", "h1:a"), z}},
			"module a: v1 h1:a\n"},
		{"files of another module", &debug.BuildInfo{Path: "command-line-arguments", Deps: []*debug.Module{dep("m", "v1", "h1:m"), z}},
			"module m: v1 h1:m\nmodule z: v1 h1:z\n"},
		{"files of a workspace", &debug.BuildInfo{Path: "command-line-arguments", Deps: []*debug.Module{dep("m", "(devel)", ""), dep("p", "(devel)", ""), z}},
			strings.ReplaceAll(program, "%", "module p has no checksum") + "module z: v1 h1:z\n"},
		{"a test of the program", &debug.BuildInfo{Path: "m", Main: own, Deps: []*debug.Module{dep("a", "v1", "h1:a")}},
			"module a: v1 h1:a\n"},
		{"a test of a package", &debug.BuildInfo{Path: "m/p.test", Main: own},
			strings.ReplaceAll(program, "%", "a test does not know the versions of its modules")},
		{"a program of another module", &debug.BuildInfo{Path: "p", Main: debug.Module{Path: "p"}, Deps: []*debug.Module{dep("a", "v1", "h1:a"), dep("m", "v1", "h1:m"), z, ours}},
			"module a: v1 h1:a\nmodule m: v1 h1:m\nmodule z: v1 h1:z\n"},
		{"of a workspace", &debug.BuildInfo{Path: "p", Main: debug.Module{Path: "p"}, Deps: []*debug.Module{dep("m", "(devel)", ""), z}},
			"module z: v1 h1:z\n"},
		{"of a workspace, with more in it", &debug.BuildInfo{Path: "p", Main: debug.Module{Path: "p"}, Deps: []*debug.Module{dep("m", "(devel)", ""), dep("z", "(devel)", "")}},
			strings.ReplaceAll(program, "%", "module z has no checksum")},
		{"a test of another module", &debug.BuildInfo{Path: "p/q.test", Main: debug.Module{Path: "p"}},
			strings.ReplaceAll(program, "%", "a test does not know the versions of its modules")},
		{"another build system", nil, strings.ReplaceAll(program, "%", "it does not know what it was built from")},
		{"one that tells of no modules", &debug.BuildInfo{Path: "p", Main: debug.Module{Path: "p"}},
			strings.ReplaceAll(program, "%", "module m is not linked")},
	} {
		got := describe(programOf("go1.26.8", test.info), "", reach)
		if got != sorted("Go release: go1.26\n"+test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	nothing := &Code{Module: "m"}
	if got := describe(programOf("go1.26.8", &debug.BuildInfo{Path: "m/p.test", Main: own}), "", nothing); got != "Go release: go1.26\n" {
		t.Errorf("a test of a work that reaches no modules: %q", got)
	}
}

// The work reaches main.version and m/lib.Name, and module a.
func TestVariablesThatTheLinkerSetCount(t *testing.T) {
	const flags = `-s -X main.version=1 -X=m/lib.Name=2 -X 'a/b.C=x y' -X main.other=3 "-X=az.D=4" -X main.version=5`
	reach := &Code{Module: "m", Modules: []string{"a"}, Variables: []Variable{{Name: "m/lib.Name"}, {Name: "main.version"}}}
	info := func(settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Path: "m/cmd", Main: debug.Module{Path: "m"}, Settings: settings}
	}
	text := func(r *Code, settings ...debug.BuildSetting) string {
		return describe(programOf("go1.26.8", info(settings...)), "", r)
	}
	set := func(flags string) debug.BuildSetting { return debug.BuildSetting{Key: "-ldflags", Value: flags} }
	all := text(reach, set(flags))
	names := regexp.MustCompile(`(?m)^-X (\S+): [0-9a-f]{16}$`).FindAllStringSubmatch(all, -1)
	if len(names) != 3 || names[0][1] != "a/b.C" || names[1][1] != "m/lib.Name" || names[2][1] != "main.version" {
		t.Errorf("%q", all)
	}
	for changed, differs := range map[string]bool{
		strings.Replace(flags, "=5", "=6", 1):               true,
		strings.Replace(flags, "Name=2", "Name=", 1):        true,
		strings.Replace(flags, "x y", "x z", 1):             true,
		strings.Replace(flags, "version=1", "version=9", 1): false, // the last one holds
		strings.Replace(flags, "other=3", "other=4", 1):     false,
		strings.Replace(flags, "D=4", "D=5", 1):             false,
		"all=" + flags:                                      false,
	} {
		if got := text(reach, set(changed)); (got != all) != differs {
			t.Errorf("%s: %q, before %q", changed, got, all)
		}
	}
	// Where the flags are hidden, what was read of the variables does.
	trimmed := debug.BuildSetting{Key: "-trimpath", Value: "true"}
	if got := text(reach, trimmed); got != "Go release: go1.26\n" {
		t.Errorf("%q", got)
	}
	five, words := "5", [2]uintptr{^uintptr(0xfff), 9} // no string
	reach.Variables[1].read("dev", unsafe.Pointer(&five))
	if got := text(reach, trimmed); got != text(&Code{Module: "m", Variables: reach.Variables}, set("-X main.version=5")) {
		t.Errorf("%q", got)
	}
	long := strings.Repeat("x", longest+1)
	for i, at := range []unsafe.Pointer{nil, unsafe.Add(unsafe.Pointer(&five), 1), unsafe.Pointer(&words), unsafe.Pointer(&long)} {
		reach.Variables[0].unknown = false
		reach.Variables[0].read("123456789", at)
		if got := text(reach, trimmed); !strings.Contains(got, "program (-trimpath hides what -ldflags set): 0123\n") {
			t.Errorf("%d: %q", i, got)
		}
	}
	library := &Code{Module: "lib"}
	if got := text(library, set("-X main.version=1 -X lib.A=2")); strings.Contains(got, "-X") {
		t.Errorf("%q", got)
	}
	if got := text(library, set("-X other.A=2")); !strings.Contains(got, "-X other.A: ") {
		t.Errorf("%q", got)
	}
}

// Where the program stands for the code, nothing else counts but GODEBUG.
func TestTheProgramStandsForWhatItIsMadeFrom(t *testing.T) {
	p := programOf("go1.26.8-X:jsonv2", &debug.BuildInfo{Path: "p", Deps: []*debug.Module{{Path: "a", Version: "v1", Sum: "h1:a"}}})
	if got := describe(p, "panicnil=1", &Code{Version: binary}); got != "GODEBUG panicnil: 1\nprogram: 0123\n" {
		t.Errorf("%q", got)
	}
}

func TestTheRunningProgramIsRead(t *testing.T) {
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if got := executable(); got != hex.EncodeToString(sum[:16]) {
		t.Errorf("got %s, want %x", got, sum[:16])
	}
}

func TestBuildsFollowGODEBUG(t *testing.T) {
	r := (&Code{Sum: "c"}).Reporter()
	before := r.Build()
	if !strings.Contains(before.Text, "Go release: "+release(runtime.Version())+"\n") || len(before.Sum) != 32 {
		t.Fatalf("%+v", before)
	}
	t.Setenv("GODEBUG", "urlstrictcolons=0")
	if b := r.Build(); b.Sum == before.Sum || !strings.Contains(b.Text, "GODEBUG urlstrictcolons: 0\n") {
		t.Errorf("urlstrictcolons=0 does not count: %+v", b)
	}
	t.Setenv("GODEBUG", "gctrace=1")
	if b := r.Build(); b != before {
		t.Errorf("gctrace=1 counts: %+v", b)
	}
	if b := (*Reporter)(nil).Build(); b != (Build{}) {
		t.Errorf("nobody reports %+v", b)
	}
}

// programOf is a program whose hash is 0123.
func programOf(version string, info *debug.BuildInfo) program {
	return program{version, info, func() string { return "0123" }}
}

// sorted is a text with its lines in order.
func sorted(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}
