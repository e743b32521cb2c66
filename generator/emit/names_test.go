package emit

import (
	"go/types"
	"slices"
	"testing"
	"time"

	"github.com/dave/jennifer/jen"
	"github.com/google/go-cmp/cmp"

	"github.com/workgen/workgen/generator/load"
	"github.com/workgen/workgen/generator/plan"
	"github.com/workgen/workgen/generator/scan"
)

// emptyNames are the names of a file in a package that declares these and
// imports strings and, oddly, cloneConfig.
func emptyNames(declared ...string) *names {
	p := &scan.Package{Package: &load.Package{}, Declared: map[string]bool{}, Imported: map[string]bool{"strings": true, "cloneConfig": true}}
	for _, name := range declared {
		p.Declared[name] = true
	}
	return newNames(&plan.Package{Scan: p})
}

func TestImportsNeverHideDeclarations(t *testing.T) {
	n := emptyNames("time", "timepkg", "key")
	for _, test := range []struct{ path, own, want string }{
		{"strings", "strings", "strings"},
		{"strings", "strings", "strings"}, // asked again
		{"time", "time", "timepkg2"},
		{"example.com/strings", "strings", "stringspkg"},
		{"example.com/len", "len", "lenpkg"},
		{keyPath, "key", "runtimekey"},
		{runtimePath, "runtime", "runtime"},
	} {
		if got := n.importName(test.path, test.own); got != test.want {
			t.Errorf("%s is imported as %s, want %s", test.path, got, test.want)
		}
	}
}

func TestDeclarationsAvoidImportsOfOtherFiles(t *testing.T) {
	n := emptyNames("encodeConfig")
	for want, name := range map[string]string{"cloneConfig": "cloneConfig2", "encodeConfig": "encodeConfig2", "encodeItem": "encodeItem"} {
		if got := n.declare(want); got != name {
			t.Errorf("%s becomes %s, want %s", want, got, name)
		}
	}
}

func TestParametersKeepTheirNamesUnlessABodyNeedsThem(t *testing.T) {
	n := emptyNames()
	got := n.params([]plan.Value{
		{Name: "ctx", Field: "Ctx"}, {Name: "key", Field: "Key"}, {Name: "", Field: "Arg3"}, {Name: "any", Field: "Any"}, {Name: "keyArg", Field: "KeyArg"},
	}, "nil", "key")
	if diff := cmp.Diff([]string{"ctx", "keyArg", "arg3", "any", "keyArgArg"}, got); diff != "" {
		t.Error(diff)
	}
	locals := n.localsBeside(got)
	if locals["ctx"] != "ctx2" || locals["args"] != "args" {
		t.Errorf("locals beside them: %v", locals)
	}
	for want, name := range locals {
		if slices.Contains(got, name) {
			t.Errorf("local %s is called %s like a parameter", want, name)
		}
	}
}

func TestTypesBecomePartsOfNames(t *testing.T) {
	pkg := types.NewPackage("example.com/p", "p")
	other := types.NewPackage("example.com/url", "url")
	config := types.NewNamed(types.NewTypeName(0, pkg, "config", nil), types.Typ[types.Int], nil)
	values := types.NewNamed(types.NewTypeName(0, other, "Values", nil), types.Typ[types.Int], nil)
	for _, test := range []struct {
		t    types.Type
		want string
	}{
		{config, "Config"},
		{values, "UrlValues"},
		{types.NewMap(config, types.NewSlice(values)), "MapConfigUrlValues"},
	} {
		if got := typeWords(test.t, pkg); got != test.want {
			t.Errorf("%v becomes %s, want %s", test.t, got, test.want)
		}
	}
}

func TestCommentsAreWrappedBetweenWords(t *testing.T) {
	got := wrap("one two  three\n\nfour five", 9)
	if diff := cmp.Diff([]string{"one two", "three", "", "four five"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDurationsAreWrittenInTheLargestUnit(t *testing.T) {
	w := &work{file: &file{names: emptyNames(), pkg: &plan.Package{Scan: &scan.Package{Package: &load.Package{}}}}}
	w.jen = jen.NewFilePathName("p", "p")
	for d, want := range map[time.Duration]string{
		time.Hour:               "1 * time.Hour",
		90 * time.Second:        "90 * time.Second",
		1500 * time.Millisecond: "1500 * time.Millisecond",
		7:                       "7 * time.Nanosecond",
	} {
		if got := w.duration(d).GoString(); got != want {
			t.Errorf("%v is written %s, want %s", d, got, want)
		}
	}
}

// What another work needs first does not take the name that the user's files have
// for a package.
func TestImportsKeepTheNamesOfTheUsersFiles(t *testing.T) {
	n := emptyNames()
	n.written, n.users = map[string]string{"aws/dynamodb/types": "types", "k8s/core/v1": "corev1"},
		map[string]string{"types": "aws/dynamodb/types", "corev1": "k8s/core/v1"}
	for _, test := range []struct{ path, own, want string }{
		{"docker/api/types", "types", "apitypes"},
		{"aws/dynamodb/types", "types", "types"},
		{"k8s/core/v1", "v1", "corev1"},
		{"k8s/batch/v1", "v1", "v1"},
	} {
		if got := n.importName(test.path, test.own); got != test.want {
			t.Errorf("%s is imported as %s, want %s", test.path, got, test.want)
		}
	}
}
