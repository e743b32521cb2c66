package write

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// A Diff is the State of one path, and the change that would make it OK.
type Diff struct {
	Status
	// Text is a unified diff that git apply and patch -p1 take; nil when the
	// State is OK.
	Text []byte
}

// Differences is [Check] with the changes that [Write] would make. Paths are
// named in the diffs as seen from dir, which is absolute.
func Differences(files []File, dir string) ([]Diff, error) {
	statuses, err := Check(files)
	if err != nil {
		return nil, err
	}
	out := make([]Diff, len(files))
	for i, f := range files {
		out[i].Status = statuses[i]
		if out[i].State == OK {
			continue
		}
		old, err := read(f.Path)
		if err != nil {
			return nil, err
		}
		out[i].Text = f.diff(old, dir)
	}
	return out, nil
}

// diff compares what is there with what should be; nil is nothing.
func (f File) diff(old []byte, dir string) []byte {
	name := f.Path
	if rel, err := filepath.Rel(dir, f.Path); err == nil {
		name = rel
	}
	name = strings.TrimPrefix(filepath.ToSlash(name), "/")
	from, to := "a/"+name, "b/"+name
	if old == nil {
		from = nowhere
	}
	if f.Content == nil {
		to = nowhere
	}
	// A checkout may have converted the line ends; see state.
	return diff.Diff(from, bytes.ReplaceAll(old, []byte("\r\n"), []byte("\n")), to, f.Content)
}

// nowhere is the name of a file that is not there.
const nowhere = "/dev/null"
