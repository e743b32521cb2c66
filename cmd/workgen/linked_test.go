package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// publish serves a folder as a version of a module: publish folder path version. What
// follows asks for modules there and then in the machine's cache, and unpacks them in a
// cache of its own.
func publish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: publish folder path version")
	}
	dir, path, version := ts.MkAbs(args[0]), args[1], args[2]
	proxy := ts.MkAbs("proxy")
	versions := filepath.Join(proxy, filepath.FromSlash(path), "@v")
	ts.Check(os.MkdirAll(versions, 0o755))
	packed, err := os.Create(filepath.Join(versions, version+".zip"))
	ts.Check(err)
	ts.Check(zip.CreateFromDir(packed, module.Version{Path: path, Version: version}, dir))
	ts.Check(packed.Close())
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(versions, version+".mod"), mod, 0o644))
	info := fmt.Appendf(nil, `{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, version)
	ts.Check(os.WriteFile(filepath.Join(versions, version+".info"), info, 0o644))
	if cache := ts.MkAbs("modules"); ts.Getenv("GOMODCACHE") != cache {
		ts.Setenv("GOPROXY", fileURL(proxy)+","+fileURL(filepath.Join(ts.Getenv("GOMODCACHE"), "cache", "download")))
		ts.Setenv("GOMODCACHE", cache)
		ts.Setenv("GOSUMDB", "off")
		ts.Setenv("GOFLAGS", ts.Getenv("GOFLAGS")+" -modcacherw")
	}
}
