package disk

import (
	"os"
	"path/filepath"
	"strconv"
)

// shortPath returns a short path of a file in an open directory.
func shortPath(dir *os.File, path string) string {
	return "/proc/self/fd/" + strconv.Itoa(int(dir.Fd())) + "/" + filepath.Base(path)
}
