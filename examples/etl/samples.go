package main

import (
	"os"
	"path/filepath"
)

// samples are the files of a folder that is new.
var samples = map[string]string{
	"north.csv": "tea, 250\ncoffee, 300\n",
	"south.csv": "tea, 240\ncake, 410\n",
	"west.csv":  "coffee, 310\ncake, much\n",
}

// makeSamples makes a folder with files, unless it is there.
func makeSamples(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, content := range samples {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
