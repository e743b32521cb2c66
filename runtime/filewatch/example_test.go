package filewatch_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/filewatch"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/testdata/golden/files"
)

// A work that is given a file executes again when the file has changed.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sales.csv")
	put := func(content string) {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			panic(err)
		}
	}
	put("first")

	load := files.NewLoadRunner(&files.Load{}) // a generated runner
	loop := runtime.Loop{
		Files: &filewatch.Watcher{},
		Flow: func(ctx context.Context) error {
			content, err := load.Run(ctx, key.File(path))
			if err != nil {
				return err
			}
			fmt.Println(content)
			if content == "second" {
				return runtime.Stop
			}
			go put("second")
			return nil
		},
	}
	if err := loop.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// first
	// second
}
