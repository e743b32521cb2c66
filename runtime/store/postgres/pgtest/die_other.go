//go:build unix && !linux

package pgtest

import "syscall"

// dieTogether cannot be had on this system: a server outlives a test that is killed.
func dieTogether(*syscall.SysProcAttr) {}
