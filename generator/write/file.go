package write

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"github.com/workgen/workgen/generator/load"
)

// A File is what a path should hold.
type File struct {
	Path    string // absolute, or relative to the working directory
	Content []byte // nil: there should be no file
}

// ErrForeign is wrapped by errors about a file that workgen did not generate
// and so does not touch.
var ErrForeign = errors.New("workgen did not generate it: its header is missing")

// ErrLink is wrapped by errors about a generated file that is a symbolic link. It is
// read and compared, but neither replaced nor written through: who made the link means
// another file.
var ErrLink = errors.New("it is a symbolic link")

// Owned reports whether a file with this content may be changed: it has the
// header in a line of its own, or is empty. The header need not come first, for
// in a merge conflict it may not; what is empty was a generated file cut short.
func Owned(content []byte) bool {
	return len(bytes.TrimSpace(content)) == 0 || hasHeader(content)
}

// hasHeader is Owned for removing: an empty file is nobody's.
func hasHeader(content []byte) bool {
	for line := range bytes.Lines(content) {
		if string(bytes.TrimRight(line, "\r\n")) == load.Header {
			return true
		}
	}
	return false
}

// A State is how a path compares with what it should hold.
type State uint8

const (
	OK       State = iota // as it should be
	Stale                 // there, with other content
	Missing               // not there
	Orphaned              // there, though nothing is generated for it any more
)

// String returns the state's name in lower case.
func (s State) String() string {
	switch s {
	case OK:
		return "ok"
	case Stale:
		return "stale"
	case Missing:
		return "missing"
	case Orphaned:
		return "orphaned"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// A Status is the State of one path.
type Status struct {
	Path  string
	State State
}

// Check compares files with the disk and changes nothing. The result has one
// status for each file, in their order. A path that should be empty but holds
// somebody's own file is OK; one that should hold generated code and does not
// carry the header is an error wrapping ErrForeign.
func Check(files []File) ([]Status, error) {
	out := make([]Status, len(files))
	var errs []error
	for i, f := range files {
		old, err := read(f.Path)
		if err == nil {
			out[i] = Status{f.Path, f.state(old)}
			if out[i].State == Stale {
				err = f.refuse(old)
			}
		}
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

// state compares f with what is there; nil is nothing.
func (f File) state(old []byte) State {
	switch {
	case f.Content == nil && hasHeader(old):
		return Orphaned
	case f.Content == nil:
		return OK
	case old == nil:
		return Missing
	// A checkout may have converted the line ends.
	case bytes.Equal(bytes.ReplaceAll(old, []byte("\r\n"), []byte("\n")), f.Content):
		return OK
	}
	return Stale
}

// withEnds is content with the line ends of old: those of its first line.
func withEnds(content, old []byte) []byte {
	line, _, _ := bytes.Cut(old, []byte("\n"))
	if content == nil || !bytes.HasSuffix(line, []byte("\r")) {
		return content
	}
	return bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n"))
}

// refuse returns an error unless old may be overwritten.
func (f File) refuse(old []byte) error {
	if Owned(old) {
		return nil
	}
	return fmt.Errorf("cannot write %s: %w; rename the file, or delete it if it is a damaged generated one", f.Path, ErrForeign)
}

// read returns the content of a file, not nil when there is one.
func read(path string) ([]byte, error) {
	content, err := load.ReadGenerated(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot compare %s: %w", path, err)
	}
	if content == nil {
		content = []byte{}
	}
	return content, nil
}
