package load

import (
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/workgen/workgen/generator/diag"
	"golang.org/x/tools/go/packages"
)

// An Error has the problems that keep packages from being generated for.
type Error struct {
	// Diagnostics is never empty.
	Diagnostics []diag.Diagnostic
}

// Error returns the first problem and the number of the others.
func (e *Error) Error() string {
	d := e.Diagnostics[0]
	s := d.Message
	if d.Pos.IsValid() {
		s = d.Pos.String() + ": " + s
	}
	if n := len(e.Diagnostics) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more)", n)
	}
	return "load: " + s
}

// add notes a problem.
func (e *Error) add(pos token.Position, message, fix string) {
	e.Diagnostics = append(e.Diagnostics, diag.Diagnostic{Pos: pos, Message: message, Fix: fix})
}

// addHard adds what is wrong with a package beyond its types and reports
// whether there was anything.
func (e *Error) addHard(cfg Config, p *packages.Package) bool {
	before := len(e.Diagnostics)
	for _, err := range p.Errors {
		// Type errors are no reason to stop. Neither are failed builds of the
		// package: that it does not compile yet is why workgen is run.
		if err.Kind == packages.TypeError || isBuildError(err) {
			continue
		}
		message := oneLine(err.Msg)
		// The go command names directories in full; shorten those at hand.
		message = strings.ReplaceAll(message, cfg.Dir+string(filepath.Separator), "./")
		e.add(parsePos(cfg.Dir, err.Pos), message, "")
	}
	if p.PkgPath == "command-line-arguments" {
		e.add(token.Position{}, "cannot generate for single files: the generated file belongs to the whole package",
			"name the package's directory")
	}
	return len(e.Diagnostics) > before
}

// unmatched adds the patterns that matched nothing. The go command only warns
// of them, on a stream that go/packages does not hand on; so this looks at
// those it can judge: all patterns when nothing was found at all, otherwise
// wildcards below a directory.
func (e *Error) unmatched(cfg Config, roots []*packages.Package) {
	for _, pattern := range cfg.Patterns {
		below, wild := strings.CutSuffix(pattern, "/...")
		if len(roots) > 0 && !(wild && isLocal(below)) {
			continue
		}
		dir := below
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(cfg.Dir, dir)
		}
		if !matchedBelow(dir, roots) && !complained(pattern, roots) {
			fix := "name a directory with Go files, or check the build tags"
			if !inModule(cfg.Dir) {
				fix = "create a module with go mod init: there is no go.mod here or above"
			}
			e.add(token.Position{}, "pattern "+pattern+" matches no packages", fix)
		}
	}
}

// matchedBelow reports whether one of roots is in dir or below it.
func matchedBelow(dir string, roots []*packages.Package) bool {
	for _, p := range roots {
		if rel, err := filepath.Rel(dir, p.Dir); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// complained reports whether the go command made up a package to carry an error
// about the pattern itself.
func complained(pattern string, roots []*packages.Package) bool {
	return slices.ContainsFunc(roots, func(p *packages.Package) bool { return p.PkgPath == pattern })
}

// inModule reports whether there is a go.mod in dir or above.
func inModule(dir string) bool {
	_, ok := above(dir, "go.mod")
	return ok
}

// isLocal reports whether a pattern names a directory, not an import path.
func isLocal(pattern string) bool {
	return pattern == "." || pattern == ".." || strings.HasPrefix(pattern, "./") ||
		strings.HasPrefix(pattern, "../") || filepath.IsAbs(pattern)
}

// parsePos reads the position of a go/packages error: file:line:col, file:line,
// file, "-" or nothing. The go command gives file names relative to dir.
func parsePos(dir, s string) token.Position {
	var nums []int
	for len(nums) < 2 {
		i := strings.LastIndexByte(s, ':')
		if i < 0 {
			break
		}
		n, err := strconv.Atoi(s[i+1:])
		if err != nil {
			break // the colon of a Windows volume
		}
		s, nums = s[:i], append(nums, n)
	}
	if s == "" || s == "-" {
		return token.Position{}
	}
	if !filepath.IsAbs(s) {
		s = filepath.Join(dir, s)
	}
	pos := token.Position{Filename: s}
	switch len(nums) {
	case 1:
		pos.Line = nums[0]
	case 2:
		pos.Line, pos.Column = nums[1], nums[0]
	}
	return pos
}

// oneLine joins the lines of a message of the go command, which indents
// advice on lines of its own.
func oneLine(msg string) string {
	return strings.Join(strings.FieldsFunc(msg, func(r rune) bool { return r == '\n' || r == '\t' }), " ")
}
