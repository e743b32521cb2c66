package generator_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/workgen/workgen/generator"
	"github.com/workgen/workgen/generator/write"
)

var (
	commits     = flag.Int("commits", 0, "through how many commits of each public program to go")
	commitsRepo = flag.String("commits.repo", "", "a clone to take in place of the program's home, when there is one program")
)

// A public is a public program, in which there are the works of testdata/commits/<name>.
type public struct {
	name, home string
	// How its maintainers build it: the environment, flags of go build and of the linker,
	// and the variables that the linker sets at a commit, whose abbreviated hash and latest
	// tag are given.
	env, flags []string
	linker     string
	linked     func(hash, tag string) map[string]string
}

var publics = []public{
	{ // see its Makefile
		name: "esbuild", home: "https://github.com/evanw/esbuild",
		env: []string{"CGO_ENABLED=0"}, flags: []string{"-buildvcs=false", "-trimpath"}, linker: "-s -w -buildid=",
		linked: func(_, _ string) map[string]string { return nil },
	},
	{ // see its .goreleaser.yml
		name: "fzf", home: "https://github.com/junegunn/fzf", flags: []string{"-trimpath"}, linker: "-s -w",
		linked: func(hash, tag string) map[string]string {
			return map[string]string{"main.version": strings.TrimPrefix(tag, "v"), "main.revision": hash}
		},
	},
	{ // see its README: it is installed by the go command alone
		name: "gofumpt", home: "https://github.com/mvdan/gofumpt",
		linked: func(_, _ string) map[string]string { return nil },
	},
	{ // see its Makefile
		name: "gojq", home: "https://github.com/itchyny/gojq", linker: "-s -w",
		linked: func(hash, _ string) map[string]string {
			return map[string]string{"github.com/itchyny/gojq/cli.revision": hash}
		},
	},
	{ // see cmd/shfmt/Dockerfile
		name: "shfmt", home: "https://github.com/mvdan/sh",
		env: []string{"CGO_ENABLED=0"}, linker: "-w -s -extldflags '-static'",
		linked: func(_, _ string) map[string]string { return nil },
	},
}

// TestCommits goes through the latest commits of public programs, in their order, with
// works over parts of each program. At each commit it generates, builds the program as
// its maintainers do, and runs it. Of the works whose code is the same as at the commit
// before, which a call graph of golang.org/x/tools says, nine in ten must have the same
// keys. What has changed in the keys of the others is listed. Same keys with other
// results are wrong.
//
//	go test ./generator -run Commits -commits 100 -timeout 3h -v
func TestCommits(t *testing.T) {
	if *commits == 0 {
		t.Skip("builds public programs once per commit: give -commits 100")
	}
	for _, p := range publics {
		t.Run(p.name, func(t *testing.T) {
			h := newHistory(t, p)
			tally := &tally{t: t, count: map[string]int{}}
			var before *snapshot
			for _, hash := range h.list(*commits + 1) {
				after, err := h.snapshot(t.Context(), hash, before)
				if err != nil {
					t.Logf("%.8s is left out: %v", hash, err)
					tally.count["commits left out, which do not build, or break off"]++
					continue
				}
				if before != nil {
					tally.step(before, after)
				}
				before = after
			}
			tally.report()
			if tally.works == 0 || tally.hits*10 < tally.works*9 {
				t.Error("fewer than nine in ten works of unchanged code hit")
			}
		})
	}
}

// A snapshot is a program as it is at a commit.
type snapshot struct {
	hash   string
	calls  []call
	linked map[string]string    // what the linker has set
	files  [sha256.Size]byte    // see digest
	code   map[string]fragments // of each work
}

// changed lists what of the code of a work is not as it was.
func (s *snapshot) changed(work string, before *snapshot) []string {
	out := s.code[work].differ(before.code[work])
	for name, value := range s.linked {
		if _, ok := s.code[work][sha256.Sum256([]byte("-X "+name))]; ok && value != before.linked[name] {
			out = append(out, "-X "+name)
		}
	}
	return out
}

// A call is one of a work: see testdata/commits/call.go.
type call struct{ Work, Input, Key, Schema, Code, Symbols, Build, Result string }

// of returns the calls of a work.
func (s *snapshot) of(work string) (calls []call) {
	for _, c := range s.calls {
		if c.Work == work {
			calls = append(calls, c)
		}
	}
	return calls
}

// A tally counts what becomes of works from one commit to the next.
type tally struct {
	t     *testing.T
	count map[string]int
	// hits and works are those of unchanged code.
	hits, works int
}

// step compares two commits.
func (s *tally) step(before, after *snapshot) {
	s.t.Helper()
	if s.count["commits"]++; s.count["commits"]%10 == 0 {
		defer s.report()
	}
	for _, work := range slices.Sorted(maps.Keys(after.code)) {
		old, now := before.of(work), after.of(work)
		hit, same := true, len(old) == len(now)
		for i := range min(len(old), len(now)) {
			hit = hit && old[i].Key == now[i].Key
			same = same && old[i].Result == now[i].Result
			if old[i].Key == now[i].Key && old[i].Result != now[i].Result {
				s.t.Errorf("%.8s: WRONG HIT of %s(%s): %q, before %q", after.hash, work, now[i].Input, now[i].Result, old[i].Result)
			}
		}
		changed := after.changed(work, before)
		what := fmt.Sprintf("code %s, %s, results %s", either(len(changed) > 0, "changed", "unchanged"), either(hit, "hit", "miss"), either(same, "equal", "differ"))
		s.count[what]++
		if len(changed) == 0 {
			if s.works++; hit {
				s.hits++
			}
		}
		switch {
		case len(changed) == 0 && !hit:
			why := ingredients(old[0], now[0])
			s.t.Logf("%.8s: %s misses, and its code is the same: %s", after.hash, work, strings.Join(why, ", "))
			sorts := map[string]bool{}
			for _, w := range why {
				sorts[sortOf(w)] = true
			}
			s.count["    unchanged, and misses by "+strings.Join(slices.Sorted(maps.Keys(sorts)), ", ")]++
		case len(changed) > 0 && hit:
			s.t.Logf("%.8s: %s hits, and has changed: %s", after.hash, work, strings.Join(changed, ", "))
		}
	}
}

func either(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// ingredients lists what differs in the keys of two calls.
func ingredients(old, now call) (out []string) {
	if old.Schema != now.Schema {
		out = append(out, "schema")
	}
	for _, list := range [][2]string{{old.Symbols, now.Symbols}, {old.Build, now.Build}} {
		lines := map[string]int{}
		for i, text := range list {
			for line := range strings.Lines(text) {
				lines[strings.TrimSpace(line)] += 1 - 2*i
			}
		}
		for _, line := range slices.Sorted(maps.Keys(lines)) {
			if n := lines[line]; n != 0 {
				out = append(out, either(n > 0, "-", "+")+line)
			}
		}
	}
	if len(out) == 0 {
		out = append(out, either(old.Code != now.Code, "code, and no symbol", "nothing that is known"))
	}
	return out
}

// sortOf is the sort of an ingredient.
func sortOf(ingredient string) string {
	word, _, _ := strings.Cut(strings.TrimLeft(ingredient, "+-"), " ")
	switch word {
	case "module", "program", "order", "Go", "GODEBUG", "file", "package":
		return word
	case "tags:", "X": // the hyphen is gone
		return "-" + word
	}
	return "code that workgen reaches"
}

// report prints the counts.
func (s *tally) report() {
	s.t.Helper()
	for _, what := range slices.Sorted(maps.Keys(s.count)) {
		s.t.Logf("%6d %s", s.count[what], what)
	}
	s.t.Logf("%d of %d works of unchanged code hit", s.hits, s.works)
}

// A history is a clone of a program.
type history struct {
	public
	t         *testing.T
	dir, root string // the clone, and this module
	sums      []byte // go.sum of this module
}

// newHistory clones a program.
func newHistory(t *testing.T, p public) *history {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	h := &history{public: p, t: t, dir: t.TempDir(), root: root}
	if h.sums, err = os.ReadFile(filepath.Join(root, "go.sum")); err != nil {
		t.Fatal(err)
	}
	from := p.home
	if *commitsRepo != "" {
		from = *commitsRepo
	}
	if _, err := h.command(t.Context(), "git", "clone", "-q", "--no-checkout", from, "."); err != nil {
		t.Fatal(err)
	}
	return h
}

// list returns the latest n commits of the main branch, the oldest first.
func (h *history) list(n int) []string {
	h.t.Helper()
	out, err := h.command(h.t.Context(), "git", "log", "--first-parent", "--reverse", "--format=%H", fmt.Sprintf("-%d", n), "origin/HEAD")
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.Fields(out)
}

// folder is where the works are put.
const folder = "cmd/commits"

// snapshot puts works into a commit, generates, builds and runs. What the commit before has
// is not judged again.
func (h *history) snapshot(ctx context.Context, hash string, before *snapshot) (*snapshot, error) {
	if err := h.put(ctx, hash); err != nil {
		return nil, err
	}
	result, err := generator.Generate(ctx, generator.Config{Dir: h.dir, Patterns: []string{"./" + folder}, Env: h.environ()})
	if err != nil {
		return nil, err
	}
	if !result.Diagnostics.Empty() {
		var b bytes.Buffer
		return nil, errors.Join(errors.New("it does not type-check"), result.Diagnostics.Write(&b, h.dir), errors.New(b.String()))
	}
	if _, err := write.Write(result.Files); err != nil {
		return nil, err
	}
	tag, _ := h.command(ctx, "git", "describe", "--tags", "--abbrev=0") // there need not be one
	s := &snapshot{hash: hash, linked: h.linked(hash[:8], strings.TrimSpace(tag))}
	if s.calls, err = h.run(ctx, s.linked); err != nil {
		return nil, err
	}
	if s.files, err = digest(h.dir, "./"+folder, h.environ()); err != nil {
		return nil, err
	}
	if before != nil && before.files == s.files {
		s.code = before.code
		return s, nil
	}
	works := map[string]bool{}
	for _, c := range s.calls {
		works[c.Work] = true
	}
	s.code, err = judge(h.dir, "./"+folder, h.environ(), s.linked, slices.Sorted(maps.Keys(works)))
	return s, err
}

// put checks a commit out and puts works into it.
func (h *history) put(ctx context.Context, hash string) error {
	for _, args := range [][]string{{"checkout", "-qf", "--detach", hash}, {"clean", "-qfdx"}} {
		if _, err := h.command(ctx, "git", args...); err != nil {
			return err
		}
	}
	if err := os.CopyFS(filepath.Join(h.dir, folder), os.DirFS(filepath.Join(h.root, "testdata", "commits", h.name))); err != nil {
		return err
	}
	shared, err := os.ReadFile(filepath.Join(h.root, "testdata", "commits", "call.go"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(h.dir, folder, "call.go"), shared, 0o644); err != nil {
		return err
	}
	own, err := os.ReadFile(filepath.Join(h.dir, "go.sum"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(h.dir, "go.sum"), append(own, h.sums...), 0o644); err != nil {
		return err
	}
	if _, err := h.command(ctx, "go", "mod", "edit", "-go=1.26.0", "-require=github.com/workgen/workgen@v0.0.0", "-replace=github.com/workgen/workgen="+h.root); err != nil {
		return err
	}
	_, err = h.command(ctx, "go", "list", "-deps", "./"+folder) // completes go.mod and go.sum
	return err
}

// run commits what is there, builds the program, and runs it.
func (h *history) run(ctx context.Context, linked map[string]string) (calls []call, err error) {
	for _, args := range [][]string{{"add", "-A"}, {"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-q", "--no-verify", "-m", "works"}} {
		if _, err := h.command(ctx, "git", args...); err != nil {
			return nil, err
		}
	}
	program := filepath.Join(h.t.TempDir(), "program.exe")
	linker := "-ldflags=" + h.linker
	for _, name := range slices.Sorted(maps.Keys(linked)) {
		linker += " -X " + name + "=" + linked[name]
	}
	args := append([]string{"build", "-o", program, linker}, h.flags...)
	if _, err := h.command(ctx, "go", append(args, "./"+folder)...); err != nil {
		return nil, err
	}
	out, err := h.command(ctx, program)
	if err == nil {
		err = json.Unmarshal([]byte(out), &calls)
	}
	return calls, errors.Join(err, os.Remove(program))
}

func (h *history) environ() []string {
	return append(append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off"), h.env...)
}

// command runs a command in the clone and returns what it prints; an error has what it
// says besides.
func (h *history) command(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out, said bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = h.dir, h.environ(), &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, &said)
	}
	return out.String(), nil
}
