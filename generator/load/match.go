package load

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/workgen/workgen/generator/wrapper"
)

// matched returns the IDs of the packages that the user's patterns match: roots, which
// were listed with the rest of the world, do not say. Only for other patterns than
// folders, and where something is wrong, is the go command asked again.
func matched(ctx context.Context, cfg Config, roots []*packages.Package) (map[string]bool, error) {
	if ids, ok := matchFolders(cfg, roots); ok {
		return ids, nil
	}
	listed, err := goList(ctx, cfg, packages.NeedName, cfg.Patterns, nil)
	ids := map[string]bool{}
	for _, p := range listed {
		ids[p.ID] = true
	}
	return ids, err
}

// matchFolders is matched for patterns that name folders. It reports false if one is
// something else or matches nothing, and if a root is not a package of a main module.
func matchFolders(cfg Config, roots []*packages.Package) (ids map[string]bool, ok bool) {
	ids = map[string]bool{}
	for _, root := range roots {
		if !inMain(root) && root.PkgPath != wrapper.RuntimePath {
			return nil, false
		}
	}
	for _, pattern := range cfg.Patterns {
		below, wild := strings.CutSuffix(pattern, "/...")
		if !isLocal(below) || strings.Contains(below, "...") || wild && ignored(filepath.Base(below)) {
			return nil, false
		}
		if !filepath.IsAbs(below) {
			below = filepath.Join(cfg.Dir, below)
		}
		found := false
		for _, root := range roots {
			if inMain(root) && (wild && isBelow(root, below) || filepath.Clean(below) == root.Dir) {
				ids[root.ID], found = true, true
			}
		}
		if !found {
			return nil, false
		}
	}
	return ids, true
}

// isBelow reports whether dir/... matches p.
func isBelow(p *packages.Package, dir string) bool {
	rel, err := filepath.Rel(dir, p.Dir)
	if err != nil || !filepath.IsLocal(rel) || slices.ContainsFunc(strings.Split(filepath.ToSlash(rel), "/"), ignored) {
		return false
	}
	module, err := filepath.Rel(dir, p.Module.Dir)
	return err == nil && (module == "." || !filepath.IsLocal(module))
}

// ignored reports whether patterns with dots leave out the folders of a name.
func ignored(name string) bool {
	return name == "testdata" || name == "vendor" || strings.HasPrefix(name, "_") ||
		strings.HasPrefix(name, ".") && name != "." && name != ".."
}
