package p

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"

	"github.com/workgen/workgen/runtime/key"
)

type Request struct {
	Files []key.File
	Out   string
	Base  key.Dir
}

//workgen:work
type Files struct {
	Theme key.Dir `workgen:"key"`
}

func (w *Files) Run(file key.File, dir key.Dir, name string, r Request) (int, error) {
	n := read(string(file)) + read(filepath.Clean(string(file))) + size(string(dir), 3) + w.theme(name) + walk(dir)
	for _, f := range r.Files {
		b, _ := os.ReadFile(string(f))
		n += len(b)
	}
	b, _ := os.ReadFile(filepath.Join(string(r.Base), name))
	n += len(b) + beside(file) + named(name) + sometimes(string(file), n) + scratch() + local() + written(name) + parsed(name, b)
	n += converted(name) + stepwise(string(dir)) + above(dir) + mixed(string(file)) + mixed(name) + templates(file, name)
	return n, nil
}

func read(path string) int {
	b, _ := os.ReadFile(path)
	return len(b)
}

// size goes down.
func size(dir string, depth int) int {
	entries, _ := os.ReadDir(dir)
	n := 0
	for _, e := range entries {
		if e.IsDir() {
			n += size(filepath.Join(dir, e.Name()), depth-1)
		}
		n += read(dir + "/" + e.Name())
	}
	return n
}

func (w *Files) theme(name string) int {
	f, err := os.Open(filepath.Join(string(w.Theme), name))
	if err != nil {
		return 0
	}
	defer f.Close()
	info, _ := os.Stat(f.Name())
	return int(info.Size())
}

func walk(dir key.Dir) (n int) {
	filepath.WalkDir(string(dir), func(path string, d fs.DirEntry, err error) error {
		b, _ := os.ReadFile(path)
		n += len(b)
		return nil
	})
	fsys := os.DirFS(string(dir))
	fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		b, _ := fs.ReadFile(fsys, path)
		n += len(b)
		return nil
	})
	return n
}

// beside reads what is no input.
func beside(file key.File) int {
	b, _ := os.ReadFile(string(file) + ".meta")          // want os.ReadFile
	entries, _ := os.ReadDir(filepath.Dir(string(file))) // want os.ReadDir
	return len(b) + len(entries)
}

func named(name string) int {
	b, _ := os.ReadFile(name) // want os.ReadFile
	return len(b)
}

func sometimes(path string, n int) int {
	if n > 3 {
		path = "/etc/default"
	}
	b, _ := os.ReadFile(path) // want os.ReadFile
	return len(b)
}

// scratch reads what it has written.
func scratch() int {
	dir, err := os.MkdirTemp("", "x")
	if err != nil {
		return 0
	}
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "a"), nil, 0o666)
	b, _ := os.ReadFile(filepath.Join(dir, "a"))
	return len(b)
}

func local() int {
	path := "p.tmpl"
	b, _ := os.ReadFile(path) // want os.ReadFile
	return len(b)
}

// written does not read.
func written(name string) int {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return 0
	}
	f.Close()
	g, err := os.OpenFile(name, os.O_RDWR, 0o666) // want os.OpenFile
	if err != nil {
		return 0
	}
	g.Close()
	return 0
}

func parsed(name string, source []byte) int {
	fset := token.NewFileSet()
	f, _ := parser.ParseFile(fset, name, source, 0)
	g, _ := parser.ParseFile(fset, name, nil, 0) // want parser.ParseFile
	return len(f.Decls) + len(g.Decls)
}

// converted makes no input of the name.
func converted(name string) int {
	b, _ := os.ReadFile(string(key.File(name))) // want os.ReadFile
	return len(b)
}

func stepwise(path string) int {
	for _, part := range []string{"a", "b"} {
		path = filepath.Join(path, part)
	}
	b, _ := os.ReadFile(path)
	return len(b)
}

func above(dir key.Dir) int {
	entries, _ := os.ReadDir(filepath.Dir(string(dir))) // want os.ReadDir
	return len(entries)
}

// mixed is called with both.
func mixed(path string) int {
	b, _ := os.ReadFile(path) // want os.ReadFile
	return len(b)
}

func templates(file key.File, name string) int {
	var b bytes.Buffer
	template.Must(template.ParseFiles(string(file))).Execute(&b, nil)
	template.Must(template.ParseFiles(name)).Execute(&b, nil)              // want template.ParseFiles
	template.Must(template.New(name).ParseGlob("*.tmpl")).Execute(&b, nil) // want template.Template.ParseGlob
	return b.Len()
}
