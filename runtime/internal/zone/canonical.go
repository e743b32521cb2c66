package zone

import (
	"bytes"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Canonical returns the location in which the runtime hands out times that it was
// asked for in l: one for all spellings of a zone, so that a time has one key
// however the process was told where it is. Clocks there show the same as in l, at
// all times and with the same abbreviations; only the name of the location may be
// another. It is
//
//   - time.UTC for UTC by any name (Etc/UTC, Zulu, an empty TZ), but not for GMT,
//     which prints differently;
//   - for time.Local, when it is called Local or by the path of a file, the zone
//     that the file is a link to or a copy of: Europe/Berlin;
//   - for a name that the tz database has replaced, the new one: America/New_York
//     for US/Eastern.
//
// Names of two places whose clocks happen to agree, like Europe/Oslo and
// Europe/Berlin, are left as they are: editions of the database differ in that. So
// is a location for which nothing better is found, as on Windows, which knows the
// local zone's rules of this year only.
func Canonical(l *time.Location) *time.Location {
	z := Of(l)
	if c := z.canonical.Load(); c != nil {
		return c
	}
	c := l
	if z.Digest == Of(time.UTC).Digest {
		c = time.UTC
	} else {
		for name := range names(l.String()) {
			if same, err := Load(name); err == nil && Of(same).Digest == z.Digest {
				c = same
				break
			}
		}
	}
	z.canonical.Store(c)
	return c
}

// names yields the names that a location could have in the tz database, the best
// first. Whether one fits is for the caller to find out.
func names(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		try := func(name string) bool {
			name = strings.TrimPrefix(name, "posix/")
			return yield(renamed(name)) && yield(name)
		}
		switch {
		case name == "Local" || name == "localtime":
			name = "/etc/localtime"
		case !filepath.IsAbs(name):
			try(name)
			return
		}
		for link := range linked(name) {
			if !try(link) {
				return
			}
		}
		for _, original := range originals(name) {
			if !try(original) {
				return
			}
		}
	}
}

// linked yields what the path of a file, and those of the links that it stands
// for, have behind the folder of zones.
func linked(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for range 16 { // links may form a ring
			const folder = "/zoneinfo/"
			if i := strings.LastIndex(path, folder); i >= 0 && !yield(path[i+len(folder):]) {
				return
			}
			target, err := os.Readlink(path)
			if err != nil {
				return
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(path), target)
			}
			path = target
		}
	}
}

// folders are where package time looks for zones, too.
var folders = []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"}

// originals returns the installed zones of which a file is a copy: first what
// zone1970.tab lists, which has one for all places whose clocks agree since then.
func originals(path string) (names []string) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var listed []string
	for _, folder := range folders {
		zones := os.DirFS(folder)
		table, _ := fs.ReadFile(zones, "zone1970.tab")
		_ = fs.WalkDir(zones, ".", func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || name == ".":
				return nil
			case name[0] < 'A' || name[0] > 'Z': // posix, right, posixrules, tables
				if d.IsDir() {
					return fs.SkipDir
				}
			case isCopy(zones, name, d, content):
				if bytes.Contains(table, []byte("\t"+name+"\t")) || bytes.Contains(table, []byte("\t"+name+"\n")) {
					listed = append(listed, name)
				} else {
					names = append(names, name)
				}
			}
			return nil
		})
	}
	return slices.Concat(listed, names)
}

// isCopy reports whether a file has a content.
func isCopy(folder fs.FS, name string, d fs.DirEntry, content []byte) bool {
	info, err := d.Info()
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(content)) {
		return false
	}
	found, err := fs.ReadFile(folder, name)
	return err == nil && bytes.Equal(found, content)
}

// renamed returns the present name of a zone.
func renamed(name string) string {
	if _, rest, ok := strings.Cut(replaced, "\n"+name+" "); ok {
		name, _, _ = strings.Cut(rest, "\n")
	}
	return name
}
