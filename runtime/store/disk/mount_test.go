//go:build linux

package disk_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const namespace = "DISK_TEST_NAMESPACE"

// inNamespace runs a test that mounts in another process that may, if this one may not, and
// reports whether it did. That process takes itself for root's, in namespaces of its own.
func inNamespace(t *testing.T) (done bool) {
	t.Helper()
	if os.Geteuid() == 0 || os.Getenv(namespace) != "" {
		return false
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), namespace+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
	out, err := c.CombinedOutput()
	switch {
	case len(out) == 0 && err != nil:
		cannotMount(t, err)
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	}
	return true
}

// cannotMount skips a test, unless MOUNT_TESTS=required says that this is an error.
func cannotMount(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("MOUNT_TESTS") == "required" {
		t.Fatalf("cannot mount: %v", err)
	}
	t.Skipf("cannot mount: %v: be root, or allow user namespaces", err)
}

// mount mounts something for the time of a test.
func mount(t *testing.T, source, to, kind string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount(source, to, kind, flags, options); err != nil {
		cannotMount(t, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(to, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// smallDisk returns the directory of a file system of some size.
func smallDisk(t *testing.T, size string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "size="+size)
	return dir
}
