package main

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

var long = flag.Bool("long", false, "do what takes long, too: follow README from empty folders, and run the command as a tool of go vet")

// modulePath is the module that the command belongs to.
const modulePath = "github.com/workgen/workgen"

// TestReadmeFromAnEmptyFolder does what README says, line by line, in empty
// folders, with this module served from a folder as a proxy would serve it.
func TestReadmeFromAnEmptyFolder(t *testing.T) {
	if !*long {
		t.Skip("compiles the whole module, since a user has it at another place: give -long")
	}
	proxy := serve(t)
	start, tool := section(t, "## Start"), section(t, "## As a tool of your module")
	program := start[1]

	t.Run("start", func(t *testing.T) {
		u := newUser(t, proxy)
		for _, b := range start {
			u.follow(b)
		}
		u.unchanged("go run " + modulePath + "/cmd/workgen@latest ./...")
	})
	t.Run("as a tool", func(t *testing.T) {
		u := newUser(t, proxy)
		u.run("go mod init example.com/hello")
		u.write("main.go", program.text)
		u.follow(tool[0])
		u.contains("computing 3\n", "go run .")
		u.unchanged("go tool workgen ./...")
		// So are the packages of the runtime that come later, without touching go.mod.
		u.write("app.go", "package main\n\nimport _ \"github.com/workgen/workgen/runtime/app\"\n")
		u.run("go list -deps .")
		u.unchanged("go tool workgen ./...")
	})
	t.Run("without the requirement", func(t *testing.T) {
		u := newUser(t, proxy)
		u.run("go mod init example.com/hello")
		u.write("main.go", program.text)
		u.run(u.fix("go run " + modulePath + "/cmd/workgen@latest ./..."))
		u.contains("computing 3\n", "go run .")
		u.unchanged("go run " + modulePath + "/cmd/workgen@latest ./...")
	})
	t.Run("with sums missing", func(t *testing.T) {
		u := newUser(t, proxy)
		u.run("go mod init example.com/hello")
		u.write("main.go", program.text)
		u.run("go get " + modulePath + "/runtime/key")
		sums, err := os.ReadFile(filepath.Join(u.dir, "go.sum"))
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for line := range strings.Lines(string(sums)) {
			if !strings.Contains(line, "/xxh3 ") {
				left = append(left, line)
			}
		}
		u.write("go.sum", strings.Join(left, ""))
		u.run(u.fix("go run " + modulePath + "/cmd/workgen@latest ./..."))
		u.contains("computing 3\n", "go run .")
	})
	t.Run("vendored before", func(t *testing.T) {
		u := newUser(t, proxy)
		u.run("go mod init example.com/hello")
		u.write("main.go", program.text)
		u.write("vendored.go", "package main\n\nimport _ \"github.com/google/go-cmp/cmp\"\n")
		u.run("go get github.com/google/go-cmp/cmp")
		u.run("go mod vendor")
		u.run(u.fix("go run " + modulePath + "/cmd/workgen@latest ./..."))
		u.run("go list -deps .") // fails for what go build would not find
		u.unchanged("go run " + modulePath + "/cmd/workgen@latest ./...")
	})
}

// A block is a code block of README.
type block struct{ lang, text string }

// section returns the blocks below a heading of README.
func section(t *testing.T, heading string) (blocks []block) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(readme), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("README has no %s", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	parts := strings.Split(text, "```")
	for i := 1; i < len(parts); i += 2 {
		lang, code, _ := strings.Cut(parts[i], "\n")
		blocks = append(blocks, block{lang, code})
	}
	return blocks
}

// A user works in a folder that was empty, with a Go that is as it was installed
// but for its proxy.
type user struct {
	t   *testing.T
	dir string
	env []string
}

func newUser(t *testing.T, proxy string) *user {
	return &user{t, t.TempDir(), append(os.Environ(),
		"GOPROXY="+proxy, "GOSUMDB=off", "GOFLAGS=", "GOWORK=off", "GOPACKAGESDRIVER=off")}
}

// follow does what a block says: saves the Go code as main.go, or types the lines
// behind $ and compares what they print.
func (u *user) follow(b block) {
	u.t.Helper()
	if b.lang == "go" {
		u.write("main.go", b.text)
		return
	}
	for command := range strings.SplitSeq(b.text, "$ ") {
		line, want, _ := strings.Cut(command, "\n")
		if line, _, _ = strings.Cut(line, " #"); line == "" {
			continue
		}
		out, _ := u.run(strings.TrimSpace(line))
		if want = strings.TrimRight(want, "\n"); want != "" {
			if d := cmp.Diff(want, strings.TrimRight(out, "\n")); d != "" {
				u.t.Errorf("%s does not print what README says (-want +got):\n%s", line, d)
			}
		}
	}
}

// write saves a file.
func (u *user) write(name, text string) {
	u.t.Helper()
	if err := os.WriteFile(filepath.Join(u.dir, name), []byte(text), 0o644); err != nil {
		u.t.Fatal(err)
	}
}

// run types commands, joined by &&, none of which may fail.
func (u *user) run(line string) (stdout, stderr string) {
	u.t.Helper()
	for command := range strings.SplitSeq(line, " && ") {
		words := strings.Fields(command)
		if strings.Contains(command, "$(") {
			words = []string{"sh", "-c", command}
		}
		var out, err strings.Builder
		cmd := exec.CommandContext(u.t.Context(), words[0], words[1:]...)
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = u.dir, u.env, &out, &err
		if failed := cmd.Run(); failed != nil {
			u.t.Fatalf("%s: %v\n%s%s", command, failed, out.String(), err.String())
		}
		stdout, stderr = out.String(), err.String()
	}
	return stdout, stderr
}

// fix returns the command that another one says to run.
func (u *user) fix(line string) string {
	u.t.Helper()
	_, said := u.run(line)
	_, fix, ok := strings.Cut(said, "\n\tfix: run ")
	if !ok {
		u.t.Fatalf("%s names no command:\n%s", line, said)
	}
	fix, _, _ = strings.Cut(fix, "\n")
	return fix
}

// contains runs a command that has to print a text.
func (u *user) contains(want, line string) {
	u.t.Helper()
	if out, _ := u.run(line); !strings.Contains(out, want) {
		u.t.Errorf("%s prints\n%s", line, out)
	}
}

// unchanged runs a command that is to say nothing and to leave all files as they
// are.
func (u *user) unchanged(line string) {
	u.t.Helper()
	before := u.files()
	if out, said := u.run(line); out+said != "" {
		u.t.Errorf("%s prints\n%s%s", line, out, said)
	}
	if d := cmp.Diff(before, u.files()); d != "" {
		u.t.Errorf("%s changed files:\n%s", line, d)
	}
}

// files reads the files of the folder.
func (u *user) files() map[string]string {
	files := map[string]string{}
	entries, _ := os.ReadDir(u.dir)
	for _, e := range entries {
		content, _ := os.ReadFile(filepath.Join(u.dir, e.Name()))
		files[e.Name()] = string(content)
	}
	return files
}

// serve makes a folder that serves this working tree as the latest version of its
// module, and returns the value of GOPROXY that asks it first, then the module
// cache. Dependencies come from there and are compiled already, so the cache is
// the machine's; the served version is unpacked there and removed in the end.
func serve(t *testing.T) (proxy string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	var packed strings.Builder
	if err := zip.CreateFromDir(&packed, module.Version{Path: modulePath, Version: "v0.0.0"}, root); err != nil {
		t.Fatal(err)
	}
	// A version for each content: what was compiled of it before is good.
	sum := sha256.Sum256([]byte(packed.String()))
	version := "v0.0.0-test.h" + hex.EncodeToString(sum[:6])
	packed.Reset()
	if err := zip.CreateFromDir(&packed, module.Version{Path: modulePath, Version: version}, root); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	versions := filepath.Join(dir, modulePath, "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"list":            version + "\n",
		version + ".info": fmt.Sprintf(`{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, version),
		version + ".mod":  string(mod),
		version + ".zip":  packed.String(),
	} {
		if err := os.WriteFile(filepath.Join(versions, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env, err := exec.Command("go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, rest, _ := strings.Cut(strings.TrimSpace(string(env)), "\n")
	t.Cleanup(func() { forget(cache, version) })
	return fileURL(dir) + "," + fileURL(filepath.Join(cache, "cache", "download")) + "," + rest
}

// fileURL is the address of a folder.
func fileURL(dir string) string {
	dir = filepath.ToSlash(dir)
	if !strings.HasPrefix(dir, "/") { // the volume of Windows
		dir = "/" + dir
	}
	return "file://" + dir
}

// forget removes a version of this module from the module cache, where nothing is
// writable.
func forget(cache, version string) {
	dir := filepath.Join(cache, modulePath+"@"+version)
	_ = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.IsDir() {
			_ = os.Chmod(path, 0o755)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
	download := filepath.Join(cache, "cache", "download", modulePath)
	names, _ := filepath.Glob(filepath.Join(download, "@v", version+".*"))
	for _, name := range names {
		_ = os.Remove(name)
	}
	if others, _ := filepath.Glob(filepath.Join(download, "@v", "*.mod")); len(others) == 0 {
		_ = os.RemoveAll(download)
		_ = os.Remove(filepath.Dir(download)) // if nothing else is in them
		_ = os.Remove(filepath.Dir(dir))
	}
}
