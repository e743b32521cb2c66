package pgtest

import "syscall"

// dieTogether has the kernel end a child when its parent dies.
func dieTogether(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGQUIT }
