package app

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The environment variables that set what a field leaves open.
const (
	envAddr   = "WORKGEN_ADDR"
	envToken  = "WORKGEN_TOKEN"
	envHosts  = "WORKGEN_HOSTS"
	envWait   = "WORKGEN_WAIT"
	envNoPage = "WORKGEN_NO_PAGE"
	envOpen   = "WORKGEN_OPEN"
	envJSON   = "WORKGEN_JSON"
)

// Flags adds the application's flags to a set: -addr, -host, -wait, -no-page, -open, -json
// and -store. Their defaults are what the fields say, unless an environment variable
// is set: WORKGEN_ADDR, WORKGEN_HOSTS, WORKGEN_WAIT, WORKGEN_NO_PAGE, WORKGEN_OPEN
// and WORKGEN_JSON.
// WORKGEN_HOSTS has commas between the hosts; -host may be given several times, and adds one.
// WORKGEN_TOKEN sets the token, for which there is no flag, since
// others can see those. WORKGEN_STORE says where stores with a name are. The error
// is that of a variable which cannot be read.
func (a *App) Flags(fs *flag.FlagSet) error {
	for name, field := range map[string]*string{envAddr: &a.Addr, envToken: &a.Token} {
		if s, ok := os.LookupEnv(name); ok {
			*field = s
		}
	}
	for name, field := range map[string]*bool{envWait: &a.Wait, envNoPage: &a.NoPage, envOpen: &a.Open, envJSON: &a.JSON} {
		s := os.Getenv(name)
		if s == "" {
			continue
		}
		set, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("app: environment variable %s=%q is neither true nor false: set it to 1 or 0", name, s)
		}
		*field = set
	}
	if s := os.Getenv(envHosts); s != "" {
		a.Hosts = nil
		for name := range strings.SplitSeq(s, ",") {
			a.Hosts = append(a.Hosts, strings.TrimSpace(name))
		}
	}
	fs.StringVar(&a.Addr, "addr", a.Addr, "`address` where the page is served (default "+DefaultAddr+", or the next free port)")
	fs.Func("host", "`name` by which browsers reach the page, such as builds.example.com; may be given several times", func(name string) error {
		a.Hosts = append(slices.Clip(a.Hosts), name)
		_, err := parseHost(name)
		return err
	})
	fs.BoolVar(&a.Wait, "wait", a.Wait, "start the flow when run is clicked on the page")
	fs.BoolVar(&a.NoPage, "no-page", a.NoPage, "serve no page")
	fs.BoolVar(&a.Open, "open", a.Open, "open the page in a browser")
	fs.BoolVar(&a.JSON, "json", a.JSON, "log in lines of JSON")
	fs.StringVar(&a.StoreName, "store", a.StoreName, "`directory` or name of the store of results")
	return nil
}
