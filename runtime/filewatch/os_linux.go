package filewatch

import (
	"errors"

	"golang.org/x/sys/unix"
)

// silent are the file systems that do not tell of all changes: others may make them.
var silent = map[uint32]string{
	unix.V9FS_MAGIC:          "9P",
	unix.AFS_FS_MAGIC:        "AFS",
	unix.AFS_SUPER_MAGIC:     "AFS",
	unix.CEPH_SUPER_MAGIC:    "Ceph",
	unix.CIFS_SUPER_MAGIC:    "CIFS",
	unix.CODA_SUPER_MAGIC:    "Coda",
	unix.CGROUP_SUPER_MAGIC:  "cgroup",
	unix.CGROUP2_SUPER_MAGIC: "cgroup",
	unix.FUSE_SUPER_MAGIC:    "FUSE",
	0x0bd00bd0:               "Lustre",
	unix.NFS_SUPER_MAGIC:     "NFS",
	unix.OCFS2_SUPER_MAGIC:   "OCFS2",
	unix.PROC_SUPER_MAGIC:    "proc",
	unix.SMB_SUPER_MAGIC:     "SMB",
	unix.SMB2_SUPER_MAGIC:    "SMB",
	unix.SYSFS_MAGIC:         "sysfs",
	0x786f4256:               "vboxsf",
}

// fileSystem returns the name of the file system that a directory is in, if that does not tell of
// all changes, and "" otherwise.
func fileSystem(folder string) string {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return ""
	}
	return silent[uint32(stat.Type)]
}

// remedy says what helps against a limit of the system that err tells of; "" when it is none.
func remedy(err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC):
		return "too many directories are watched: raise fs.inotify.max_user_watches with sysctl"
	case errors.Is(err, unix.EMFILE):
		return "too many programs watch directories: raise fs.inotify.max_user_instances with sysctl, or the limit of open files"
	}
	return ""
}
