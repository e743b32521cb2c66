package load

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"

	"golang.org/x/tools/go/packages"
)

// A Config says what to load. The zero Config loads the package in the current
// directory.
type Config struct {
	Dir      string   // where patterns are resolved; "" is the current directory
	Patterns []string // as for go build; none means "."
	Tags     string   // build tags as for go build -tags
	Env      []string // of the go command; nil is this process's
}

// mode is everything of the packages asked for, and only types, from export
// data, of what they import. go/packages itself turns to the sources of a
// dependency that has no export data because it does not compile, for instance
// because its own wrapper is missing: its types are right all the same.
const mode = packages.LoadSyntax | packages.NeedModule

// Load loads the packages the patterns match, sorted by import path.
//
// When the error is an [*Error], the packages returned are those it does not
// concern, so that the caller can report their problems too. Any other error
// is the go command's, or ctx's.
func Load(ctx context.Context, cfg Config) ([]*Package, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	cfg.Dir = dir
	if len(cfg.Patterns) == 0 {
		cfg.Patterns = []string{"."}
	}
	roots, err := goList(ctx, cfg, nil)
	if err != nil {
		return nil, err
	}
	if files := hideable(roots); len(files) > 0 {
		overlay, remove, err := writeOverlay(files)
		if err != nil {
			return nil, err
		}
		defer remove()
		if roots, err = goList(ctx, cfg, []string{"-overlay=" + overlay}); err != nil {
			return nil, err
		}
	}
	return convert(cfg, roots)
}

// goList runs go/packages once.
func goList(ctx context.Context, cfg Config, flags []string) ([]*packages.Package, error) {
	if cfg.Tags != "" {
		flags = append(flags, "-tags="+cfg.Tags)
	}
	roots, err := packages.Load(&packages.Config{
		Context:    ctx,
		Mode:       mode,
		Dir:        cfg.Dir,
		Env:        cfg.Env,
		BuildFlags: flags,
		ParseFile:  parseFile,
	}, cfg.Patterns...)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("load: %w", err)
	}
	return roots, nil
}

// parseFile parses a user's file, and drops the content of a generated one: it
// has none of what the new one is made from, and need not parse.
func parseFile(fset *token.FileSet, name string, src []byte) (*ast.File, error) {
	// Not AllErrors: one error a line, and not those that follow from it.
	const mode = parser.ParseComments | parser.SkipObjectResolution
	if filepath.Base(name) == GeneratedFile {
		// A nil file is left out of the package's syntax.
		return nil, nil
	}
	return parser.ParseFile(fset, name, src, mode)
}
