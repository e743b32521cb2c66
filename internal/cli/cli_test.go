package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlagsMayHaveOneDashOrTwo(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"-tags x ./...", "--tags x ./..."},
		{"--tags=x", "--tags=x"},
		{"-tags=a,b -v", "--tags=a,b -v"},
		{"-verbose -help -h", "--verbose --help -h"},
		{"check -tags x -", "check --tags x -"},
		{"-v=false", "-v=false"},
		{"-v -- -tags", "-v -- -tags"},
		{"", ""},
	} {
		got := strings.Join(goFlags(strings.Fields(test.in)), " ")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Error(test.in, diff)
		}
	}
}
