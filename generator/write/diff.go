package write

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// A Diff is the State of one path, and the change that would make it OK.
type Diff struct {
	Status
	// Text is a unified diff as git writes it, nil when the State is OK. Its paths
	// are relative to the root of the repository that has the file, or, without one,
	// to that of the workspace or module: there git apply and patch -p1 take it.
	Text []byte
}

// Differences is [Check] with the changes that [Write] would make.
func Differences(files []File) ([]Diff, error) {
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
		if out[i].Text, err = f.diff(old); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// diff compares what is there with what should be; nil is nothing.
func (f File) diff(old []byte) ([]byte, error) {
	path, err := filepath.Abs(f.Path)
	if err != nil {
		return nil, fmt.Errorf("cannot compare the generated file: %w", err)
	}
	name, err := filepath.Rel(root(filepath.Dir(path)), path)
	if err != nil {
		return nil, fmt.Errorf("cannot compare the generated file: %w", err)
	}
	name = filepath.ToSlash(name)
	from, to := quote("a/"+name), quote("b/"+name)
	header := "diff --git " + from + " " + to + "\n"
	switch {
	case old == nil:
		from = nowhere
		header += "new file mode 100644\n"
	case f.Content == nil:
		to = nowhere
		header += "deleted file mode " + gitMode(path) + "\n"
	}
	text := diff.Diff(endName(from), old, endName(to), withEnds(f.Content, old))
	_, hunks, _ := bytes.Cut(text, []byte("\n")) // after a header of its own
	return append([]byte(header), hunks...), nil
}

// nowhere is the name of a file that is not there.
const nowhere = "/dev/null"

// root returns the nearest folder from dir upwards that has a repository, else a
// workspace, else a module; dir itself when there is none.
func root(dir string) string {
	for _, mark := range []string{".git", "go.work", "go.mod"} {
		for at := dir; ; at = filepath.Dir(at) {
			if _, err := os.Lstat(filepath.Join(at, mark)); err == nil {
				return at
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	return dir
}

// gitMode is what git records of a file's permissions.
func gitMode(path string) string {
	if info, err := os.Stat(path); err == nil && info.Mode()&0o100 != 0 {
		return "100755"
	}
	return "100644"
}

// quote writes a name as git does: between quotes, with escapes, if it has
// characters that end a name.
func quote(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == 0x7f }) {
		return name
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(name) {
		switch c := name[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// endName marks the end of a name that has spaces in it, in a line of its own.
func endName(name string) string {
	if strings.Contains(name, " ") {
		return name + "\t"
	}
	return name
}
