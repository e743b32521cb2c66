package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Config says what to load. The zero Config loads the package in the current
// directory.
type Config struct {
	Dir      string   // where patterns are resolved; "" is the current directory
	Patterns []string // as for go build; none means "."
	Tags     string   // build tags as for go build -tags
	Env      []string // of the go command; nil is this process's

	tests bool // list tests, too
}

// metadata is what the go command is asked for of the packages and all they
// import. Export data is not among it: the go command would compile for it every package
// of the main modules that has changed. Neither are the files that cgo makes.
const metadata = packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps |
	packages.NeedModule | packages.NeedEmbedFiles

// Load loads the packages the patterns match, sorted by import path, and behind
// them, those whose tests have directives once more with their tests: see
// [Package.Test].
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
	var fail Error
	listing, cancel := context.WithCancel(ctx)
	defer cancel()
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		if fail.unreadable(cfg); len(fail.Diagnostics) > 0 {
			cancel() // the go command may wait for ever
		}
	}()
	m := new(matches)
	var envErr error
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		m.env, envErr = readEnv(listing, cfg)
	}()
	roots, flags, remove, err := listWorld(listing, cfg, m)
	defer func() { remove() }()
	<-asked
	<-looked
	if len(fail.Diagnostics) > 0 {
		return nil, &fail
	}
	if err == nil {
		err = envErr
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && !inModule(dir) { // patterns match nothing, and there is no world
		roots, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	m.stubbed = findStubbed(roots)
	m.runtime, roots = takeRuntime(roots, m)
	if err := check(ctx, cfg, roots, m, flags); err != nil {
		return nil, err
	}
	pkgs, err := convert(ctx, cfg, m, roots)
	tests, testErr := loadTests(ctx, cfg, m, pkgs)
	return append(pkgs, tests...), joined(err, testErr)
}

// joined is one error of two.
func joined(err, other error) error {
	a, b := (*Error)(nil), (*Error)(nil)
	switch {
	case err == nil:
		return other
	case errors.As(err, &a) && errors.As(other, &b):
		return &Error{Diagnostics: slices.Concat(a.Diagnostics, b.Diagnostics)}
	case a != nil && other != nil:
		return other
	}
	return err
}

// listWorld lists the packages that match, which it adds to m, and those of the main
// modules that they import, hiding generated files where the go command trips over
// them: with the flags it returns, until remove is called.
func listWorld(ctx context.Context, cfg Config, m *matches) (roots []*packages.Package, flags []string, remove func(), err error) {
	patterns := worldPatterns(cfg)
	roots, flags, remove, err = listHiding(ctx, cfg, patterns)
	if err == nil {
		m.ids, err = matched(ctx, cfg, roots)
	}
	if err != nil {
		return nil, nil, remove, err
	}
	if more := unlisted(roots); len(more) > 0 {
		roots, err = goList(ctx, cfg, metadata, append(patterns, more...), flags)
	}
	return roots, flags, remove, err
}

// listHiding is listWorld for the packages that match.
func listHiding(ctx context.Context, cfg Config, patterns []string) (roots []*packages.Package, flags []string, remove func(), err error) {
	remove = func() {}
	if roots, err = goList(ctx, cfg, metadata, patterns, nil); err != nil {
		return nil, nil, remove, err
	}
	if files := hideable(roots); len(files) > 0 {
		var overlay string
		if overlay, remove, err = writeOverlay(files); err != nil {
			return nil, nil, func() {}, err
		}
		flags = []string{"-overlay=" + overlay}
		if roots, err = goList(ctx, cfg, metadata, patterns, flags); err != nil {
			return nil, nil, remove, err
		}
	}
	return roots, flags, remove, nil
}

// goList runs go/packages once. For metadata, there is always cgo: see everywhere.go.
func goList(ctx context.Context, cfg Config, mode packages.LoadMode, patterns, flags []string) ([]*packages.Package, error) {
	if cfg.Tags != "" {
		flags = append(flags[:len(flags):len(flags)], "-tags="+cfg.Tags)
	}
	env := cfg.Env
	if mode == metadata {
		if env == nil {
			env = os.Environ()
		}
		env = append(env[:len(env):len(env)], "CGO_ENABLED=1")
	}
	roots, err := packages.Load(&packages.Config{
		Context:    ctx,
		Mode:       mode,
		Dir:        cfg.Dir,
		Env:        env,
		Tests:      cfg.tests,
		BuildFlags: flags,
	}, patterns...)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("load: %w", listError(cfg, err))
	}
	return roots, nil
}

// listError says which program failed, in the program's own words.
func listError(cfg Config, err error) error {
	env := cfg.Env
	if env == nil {
		env = os.Environ()
	}
	for _, v := range slices.Backward(env) {
		if name, driver, _ := strings.Cut(v, "="); name == "GOPACKAGESDRIVER" && driver != "" && driver != "off" {
			return fmt.Errorf("%s, which lists packages in place of the go command, failed: %w; unset GOPACKAGESDRIVER, or set it to off", v, err)
		}
	}
	if _, said, ok := strings.Cut(err.Error(), ": stderr: "); ok && strings.TrimSpace(said) != "" {
		return errors.New(strings.TrimSpace(said))
	}
	return err
}
