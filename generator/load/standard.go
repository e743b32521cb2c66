package load

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// A standard remembers where the export data of the standard library's packages is. The
// go command finds that out by reading all of their files, which is most of what it does
// for a small module, and they stay as they are while a process runs: one that loads more
// than once, as for tests, asks once. It may be used concurrently.
type standard struct {
	mu    sync.Mutex
	files map[string]string // by import path
}

// standards are those of all builds of this process, by what decides them.
var standards sync.Map

// standardOf returns what is remembered of a build. The go command's variables, of which
// the last of a name counts, and the build tags decide it.
func standardOf(cfg Config, env goEnv) *standard {
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
	s, _ := standards.LoadOrStore(build, &standard{files: map[string]string{}})
	return s.(*standard)
}

// export returns the file with the export data of a package, "" if that is to be asked
// for: it was not yet, or the file has been removed from the go command's cache.
func (s *standard) export(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	file := s.files[path]
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// remember notes the file with the export data of a package, "" if there is none.
func (s *standard) remember(path, file string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = file
}

// isStandard reports whether p is of the standard library.
func (e goEnv) isStandard(p *packages.Package) bool {
	return p.Module == nil && strings.HasPrefix(p.GoFiles[0], filepath.Join(e.GOROOT, "src")+string(filepath.Separator))
}
