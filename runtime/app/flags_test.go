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
		Wait, NoPage, Open     bool
	}
	for name, c := range map[string]struct {
		fields func(*App)
		env    map[string]string
		args   string
		want   set
	}{
		"nothing":     {want: set{}},
		"fields":      {fields: func(a *App) { a.Addr, a.Wait, a.StoreName = "localhost:1", true, "daily" }, want: set{Addr: "localhost:1", Wait: true, StoreName: "daily"}},
		"environment": {func(a *App) { a.Addr, a.Wait = "localhost:1", true }, map[string]string{envAddr: "localhost:2", envWait: "0", envOpen: "true", envNoPage: "1", envToken: "t"}, "", set{Addr: "localhost:2", Open: true, NoPage: true, Token: "t"}},
		"flags":       {func(a *App) { a.Wait = true }, map[string]string{envAddr: "localhost:2", envWait: "1"}, "-addr localhost:3 -wait=false -no-page -open -store x", set{Addr: "localhost:3", NoPage: true, Open: true, StoreName: "x"}},
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
			if diff := cmp.Diff(c.want, set{a.Addr, a.StoreName, a.Token, a.Wait, a.NoPage, a.Open}); diff != "" {
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
