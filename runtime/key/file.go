package key

// File is the path of a file of which the content is the input. As a parameter,
// or in one, it makes "same path, new bytes" another call:
//
//	func (t *Train) Run(ctx context.Context, data key.File) (Model, error) {
//		f, err := os.Open(string(data))
//
// The path as it is given is an input too, for the work may use it: the same
// bytes at another place are another call. What is not is everything else that
// the system knows of a file: its mode, its owner and its times. Symbolic links
// are followed. That there is no file is a value, other than that of an empty
// one. What cannot be read, or is a directory, device or the like, has no value:
// the call then runs uncached (see Encoder.Fail).
//
// The bytes are read and their SHA-256 computed when a file is met for the first
// time; that takes as long as it takes, no context ends it. It is remembered in
// this process for the file's place on disk, size and times of change, so that
// from then on looking at these is enough. What the operating system does not
// record it cannot see: changes by way of shared memory (mmap) while they are
// not yet written back; and on systems without a time that nobody can set
// (Windows, Plan 9, WebAssembly), new bytes of the same length under the old
// time of modification. A file that was changed within the last seconds is read
// each time, since its times may have no room for another change; so the clocks
// of file servers should be right to the second.
//
// A flow is run again when a file changes only if its loop has a watcher: see runtime.Loop.Files
// and package filewatch.
type File string

// EncodeKey implements Encodable: the path (string), a tag, 0 if there is no
// such file and 1 otherwise, and then the SHA-256 of the content (32 bytes).
func (f File) EncodeKey(e *Encoder) {
	e.files = append(e.files, f)
	encodeContent(e, string(f), contentOfFile)
}

// Dir is the path of a directory of which the content is the input: the names,
// kinds and contents of everything in it, at any depth, and whether files are
// executable. It is like File in all other respects.
//
// A symbolic link in it is its text; what it leads to is no input. The path
// itself may be one, which is followed. A directory that holds anything else
// than files, directories and symbolic links, or something unreadable, has no
// value. Each time, the directory is listed and the times of every file in it are
// looked at: a microsecond or two for each. That is no snapshot: what changes
// meanwhile may be seen in part.
type Dir string

// EncodeKey implements Encodable: the path (string), a tag, 0 if there is no
// such directory and 1 otherwise, and then its digest (32 bytes). That is the
// SHA-256 of, for each entry in the order of the names as bytes: the name
// (string), a tag (1 byte) and what it stands for.
//
//	1    file that nobody may execute: SHA-256 of its content (32 bytes)
//	2    other file: the same
//	3    directory: its digest (32 bytes)
//	4    symbolic link: its text (string)
func (d Dir) EncodeKey(e *Encoder) {
	e.dirs = append(e.dirs, d)
	encodeContent(e, string(d), contentOfDir)
}

// Outside returns the files and directories whose contents were appended, or could not be
// read. It is good until Release.
func (e *Encoder) Outside() ([]File, []Dir) { return e.files, e.dirs }

// encodeContent appends what File and Dir do.
func encodeContent(e *Encoder, path string, content func(path string) (d digest, found bool, err error)) {
	if e.err != nil {
		return // saves reading
	}
	if e.paths {
		e.String(path)
		return
	}
	d, found, err := content(path)
	if err != nil {
		e.Fail(err)
		return
	}
	e.String(path)
	e.Bool(found)
	if found {
		e.buf = append(e.buf, d[:]...)
	}
}
