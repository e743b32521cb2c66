package load

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/tools/go/packages"
)

// An exports remembers where the export data of packages is. The go command finds that
// out by reading all files of them and of all that they import, which is most of what it
// does for a small module: a process that loads more than once, as for tests, asks once
// for what has not changed. It may be used concurrently.
type exports struct {
	mu    sync.Mutex
	files map[string]string // by what [identities] has for a package
}

// builds has the exports of each way to build in this process, by what decides it.
var builds sync.Map

// exportsOf returns what is remembered of a build. The go command's variables, of which
// the last of a name counts, and the build tags decide it.
func exportsOf(cfg Config, env goEnv) *exports {
	variables := cfg.Env
	if variables == nil {
		variables = os.Environ()
	}
	last := map[string]string{}
	for _, v := range variables {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "GO") || strings.HasPrefix(name, "CGO") {
			last[name] = v
		}
	}
	build := struct {
		env             goEnv
		tags, variables string
	}{env, cfg.Tags, strings.Join(slices.Sorted(maps.Values(last)), "\x00")}
	e, _ := builds.LoadOrStore(build, &exports{files: map[string]string{}})
	return e.(*exports)
}

// file returns the file with the export data of what has an identity, "" if that is to be
// asked for: it was not yet, or the file has been removed from the go command's cache.
func (e *exports) file(identity string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	file := e.files[identity]
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// remember notes the file with the export data of what has an identity, "" if there is
// none. Without an identity nothing is remembered.
func (e *exports) remember(identity, file string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if identity != "" {
		e.files[identity] = file
	}
}

// identities tell for one Load what the export data of packages is made from.
type identities struct {
	env   goEnv
	found map[*packages.Package]string
	now   time.Time
}

// settled is the age from which a file's size and time tell whether it has changed: on
// some file systems they are the same for two changes shortly after each other. The go
// command takes as long.
const settled = 2 * time.Second

// of identifies p with all that it imports, by its path if it is of the standard library.
// It is "" if it is not known what p is made from: nil has not been listed, something is
// missing, a file has changed a moment ago, or the go command compiles other files than
// were listed, which are those that are on disk, with cgo.
func (i *identities) of(p *packages.Package) string {
	if p == nil || len(p.GoFiles) == 0 {
		return ""
	}
	if i.env.isStandard(p) {
		return p.PkgPath
	}
	identity, ok := i.found[p]
	if !ok {
		if i.env.CGO_ENABLED == "1" && !strings.Contains(i.env.GOFLAGS, "overlay") {
			identity = i.compute(p)
		}
		i.found[p] = identity
	}
	return identity
}

// compute is of for a package outside of the standard library. The files of a version of a
// module do not change. C that is elsewhere does not count, as for the go command.
func (i *identities) compute(p *packages.Package) string {
	if p.Module == nil || len(p.Errors) > 0 {
		return ""
	}
	h := sha256.New()
	m := p.Module
	if m.Replace != nil {
		m = m.Replace
	}
	fmt.Fprintf(h, "%s\n%s\n%s\n", p.PkgPath, p.Module.GoVersion, m.GoVersion)
	for _, file := range slices.Concat(p.GoFiles, p.OtherFiles) {
		fmt.Fprintf(h, "%s", file)
		if m.Version == "" || m.Dir == "" { // replaced by a directory, or in a folder vendor
			info, err := os.Stat(file)
			if err != nil || i.now.Sub(info.ModTime()) < settled {
				return ""
			}
			fmt.Fprintf(h, " %d %d", info.Size(), info.ModTime().UnixNano())
		}
		fmt.Fprintln(h)
	}
	for _, path := range slices.Sorted(maps.Keys(p.Imports)) {
		identity := i.of(p.Imports[path])
		if identity == "" {
			return ""
		}
		io.WriteString(h, path+" "+identity+"\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// isStandard reports whether p is of the standard library.
func (e goEnv) isStandard(p *packages.Package) bool {
	return p.Module == nil && strings.HasPrefix(p.GoFiles[0], filepath.Join(e.GOROOT, "src")+string(filepath.Separator))
}
