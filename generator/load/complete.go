package load

import (
	"context"
	"go/types"

	"golang.org/x/tools/go/packages"
)

// Complete makes sure that the scope of a package holds all that is declared in
// it. A package that is read from export data and not imported by any that is
// loaded from source is otherwise known as far as others refer to it. It may be
// called for any package of p's universe, and by one goroutine at a time. When it
// cannot be read, it stays as it is.
func (p *Package) Complete(other *types.Package) {
	if p.complete != nil && !other.Complete() {
		p.complete(other.Path())
	}
}

// completer returns a function that reads the whole of the package with a path.
func (c *checker) completer(ctx context.Context, cfg Config) func(path string) {
	return func(path string) {
		if c.exports[path] == "" {
			// No overlay: it is not of a main module.
			listed, err := goList(ctx, cfg, packages.NeedName|packages.NeedExportFile, []string{path}, nil)
			if err != nil || len(listed) != 1 {
				return
			}
			c.exports[path] = listed[0].ExportFile
		}
		// What is missing of a package that cannot be read is reported by the
		// compiler.
		_, _ = c.export(path)
	}
}
