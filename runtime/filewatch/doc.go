// Package filewatch runs flows again when files change.
//
//	loop := runtime.Loop{
//		Files: &filewatch.Watcher{},
//		Flow: func(ctx context.Context) error {
//			_, err := report.Run(ctx, key.File("sales.csv")) // executes again when sales.csv changes
//			return err
//		},
//	}
//
// A flow is run again when a [key.File] or [key.Dir] changes that its latest pass has given to a
// work. Files that it has listed or opened by itself wake nobody: have a work do that which is
// given the directory as a key.Dir. What the flow does not ask for any more is not watched.
// Works of a flow that asks for runtime.Cron or runtime.Today execute at its ticks only: what is
// to follow files at once belongs into another loop.
//
// The operating system tells of changes, by way of fsnotify, so watching takes no processor time
// between them. Changes are gathered until there was none for 50 milliseconds, but for no longer
// than a second. Directories are watched rather than files, so a file may be replaced by renaming,
// be removed and come back, or not exist yet, and so may the directories and symbolic links that
// lead to it.
//
// # What is looked at every few seconds
//
// Where the system does not tell of changes, files are looked at every [Watcher.Interval]: when
// its limits are reached (the log says which, and how to raise them), for directories that may
// not be read, and on network, FUSE and made-up file systems such as NFS, SMB and /proc, which are
// recognised on Linux. [Watcher.Poll] has everything looked at, for file systems that are not
// recognised.
//
// # What is not seen
//
// A change by way of shared memory (mmap), or by way of a hard link in another directory, a file
// system that is mounted over a watched path, and a renamed directory of the root, such as /data,
// are not told by the system. The next pass sees them, whatever it runs for. Where file systems take
// small letters for capitals, spell paths as the directories list them. Only Linux is tested.
package filewatch
