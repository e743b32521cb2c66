package app

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlagsWinOverTheEnvironmentAndThatOverFields(t *testing.T) {
	type set struct {
		Addr, StoreName, Token string
		Hosts                  string
		Wait, NoPage, Open     bool
		JSON                   bool
	}
	for name, c := range map[string]struct {
		fields func(*App)
		env    map[string]string
		args   string
		want   set
	}{
		"nothing":     {want: set{}},
		"fields":      {fields: func(a *App) { a.Addr, a.Wait, a.StoreName, a.Hosts = "localhost:1", true, "daily", []string{"a"} }, want: set{Hosts: "a", Addr: "localhost:1", Wait: true, StoreName: "daily"}},
		"environment": {func(a *App) { a.Addr, a.Wait, a.Hosts = "localhost:1", true, []string{"c"} }, map[string]string{envAddr: "localhost:2", envWait: "0", envOpen: "true", envNoPage: "1", envJSON: "1", envToken: "t", envHosts: "a, https://b:1"}, "", set{JSON: true, Hosts: "a https://b:1", Addr: "localhost:2", Open: true, NoPage: true, Token: "t"}},
		"flags":       {func(a *App) { a.Wait, a.Hosts = true, []string{"a"} }, map[string]string{envAddr: "localhost:2", envWait: "1"}, "-addr localhost:3 -host b -host https://c:1 -wait=false -no-page -open -json -store x", set{JSON: true, Hosts: "a b https://c:1", Addr: "localhost:3", NoPage: true, Open: true, StoreName: "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			var a App
			if c.fields != nil {
				c.fields(&a)
			}
			fs := flag.NewFlagSet("", flag.ContinueOnError)
			if err := a.Flags(fs); err != nil {
				t.Fatal(err)
			}
			if err := fs.Parse(strings.Fields(c.args)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, set{a.Addr, a.StoreName, a.Token, strings.Join(a.Hosts, " "), a.Wait, a.NoPage, a.Open, a.JSON}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAVariableThatCannotBeReadIsNamed(t *testing.T) {
	t.Setenv(envWait, "maybe")
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	err := new(App).Flags(fs)
	if err == nil || !strings.Contains(err.Error(), `WORKGEN_WAIT="maybe"`) {
		t.Errorf("got %v", err)
	}
}

func TestAHostThatIsNoneIsNamed(t *testing.T) {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	if err := new(App).Flags(fs); err != nil {
		t.Fatal(err)
	}
	if err := fs.Parse([]string{"-host", "a/b"}); err == nil || !strings.Contains(err.Error(), "host \"a/b\" is none: give a name") {
		t.Errorf("got %v", err)
	}
}
