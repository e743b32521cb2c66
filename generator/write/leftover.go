package write

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// abandoned is when a temporary file is a leftover although its process seems to
// live: numbers of processes are used again.
const abandoned = time.Hour

// tempPattern matches the temporary files of any process for path.
func tempPattern(path string) string {
	dir, base := filepath.Split(path)
	return dir + "." + base + ".*.tmp"
}

// tempName is a name for a temporary file of this process for path. Names that
// begin with a dot are ignored by the go command.
func tempName(path string) string {
	unique := strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	return strings.Replace(tempPattern(path), "*", unique, 1)
}

// sweep removes the temporary files beside path that a process left which was
// killed. Those of a process at work are its own.
func sweep(path string) {
	dir, pattern := filepath.Split(tempPattern(path))
	entries, _ := os.ReadDir(filepath.Clean(dir + "."))
	prefix, suffix, _ := strings.Cut(pattern, "*")
	for _, e := range entries {
		unique, isTemp := strings.CutPrefix(e.Name(), prefix)
		unique, isEnd := strings.CutSuffix(unique, suffix)
		number, _, isOurs := strings.Cut(unique, "-")
		pid, err := strconv.Atoi(number)
		if !isTemp || !isEnd || !isOurs || err != nil {
			continue
		}
		info, err := e.Info()
		if err == nil && (pid == os.Getpid() || isAlive(pid)) && time.Since(info.ModTime()) < abandoned {
			continue
		}
		os.Remove(dir + e.Name()) // for tidiness: a failure is no problem
	}
}

// isAlive reports whether there may be a process with this number.
func isAlive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	return !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
