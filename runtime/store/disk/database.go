package disk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// database is the file that is open, and what it was when it was opened.
type database struct {
	path string
	next string      // path of the one that is made of it if it is damaged
	info os.FileInfo // nil: it is not open yet
}

// directory makes the directory, and opens the file that who writes locks.
func (s *Store) directory() (lock *os.File, err error) {
	for _, d := range []string{tempDir, liveDir, resultsDir} {
		if err := os.MkdirAll(filepath.Join(s.dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(filepath.Join(s.dir, writeLockFile), os.O_RDWR|os.O_CREATE, 0o600)
}

// database opens the connection of the writer, and makes the tables if needed. Only for
// that it takes the write lock: a store that is up to date is opened even while a process is
// stopped in the middle of a commit.
func (s *Store) database(lock *os.File) (*conn, error) {
	older, err := s.find()
	if err != nil {
		return nil, err
	}
	c, err := s.connect()
	if err == nil {
		if v, err := version(c, s.dir); err == nil && v == schemaVersion && len(older) == 0 {
			if c, err := s.configured(c); err == nil {
				return c, nil
			}
		} else {
			c.close()
		}
	}
	if _, err := lockFile(lock, false, true); err != nil {
		return nil, err
	}
	defer unlockFile(lock)
	return s.make()
}

// openReadOnly opens a store that is there, of which nothing is changed.
func (s *Store) openReadOnly() error {
	_, err := s.find()
	if err == nil {
		err = s.opened()
	}
	if err != nil {
		return err
	}
	for _, s.access = range []access{readOnly, immutable} {
		if log, err := os.Stat(s.path() + logSuffix); s.access == immutable && err == nil && log.Size() > 0 {
			return errors.New("it has a log that cannot be read without writing: open it once where it can be written")
		}
		var v int64
		if v, err = s.versionOf(); isFull(err) && s.useReserve() { // what SQLite shares needs some
			v, err = s.versionOf()
		}
		if err == nil && v == schemaVersion {
			return nil
		}
		if err == nil {
			return &VersionError{Dir: s.dir, Have: v, Knows: schemaVersion}
		}
		if isDamage(err) || errors.As(err, new(*VersionError)) {
			return err
		}
	}
	return err
}

func (s *Store) versionOf() (int64, error) {
	c, err := s.connect()
	if err != nil {
		return 0, err
	}
	defer c.close()
	return version(c, s.dir)
}

// find looks for the newest database. It returns the paths of older ones, too: there are such
// only after who made the newest has died.
func (s *Store) find() (older []string, err error) {
	all, err := databases(s.dir)
	if err != nil {
		return nil, err
	}
	path := func(n int) string { return filepath.Join(s.dir, databaseName(n)) }
	newest := 0
	if len(all) > 0 {
		newest, all = all[0], all[1:]
	}
	for _, n := range all {
		older = append(older, path(n))
	}
	s.db.Store(&database{path: path(newest), next: path(newest + 1)})
	return older, nil
}

// databases returns the numbers of the databases in a directory, the greatest first.
func databases(dir string) (numbers []int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	base, ext, _ := strings.Cut(databaseFile, ".")
	for _, e := range entries {
		if e.Name() == databaseFile {
			numbers = append(numbers, 0)
		}
		number, ok := strings.CutPrefix(e.Name(), base+".")
		number, ends := strings.CutSuffix(number, "."+ext)
		if n, err := strconv.Atoi(number); ok && ends && err == nil && n > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	return numbers, nil
}

// databaseName returns store.db, store.1.db and so on.
func databaseName(n int) string {
	if n == 0 {
		return databaseFile
	}
	base, ext, _ := strings.Cut(databaseFile, ".")
	return base + "." + strconv.Itoa(n) + "." + ext
}

// configured sets how a connection writes, and notes which file it has open.
func (s *Store) configured(c *conn) (*conn, error) {
	if err := c.exec(`PRAGMA fullfsync = 1`, `PRAGMA wal_autocheckpoint = 1000`, `PRAGMA synchronous = NORMAL`); err != nil {
		c.close()
		return nil, err
	}
	if err := s.opened(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// opened notes which file is open.
func (s *Store) opened() error {
	db := *s.db.Load()
	info, err := os.Stat(db.path)
	if err != nil {
		return err
	}
	db.info = info
	s.db.Store(&db)
	return nil
}

// make opens the newest database, and makes its tables, unless somebody else was faster. One
// that is damaged is made anew. The caller holds the write lock.
func (s *Store) make() (*conn, error) {
	c, err := s.makeOnce()
	if isDamage(err) {
		if err := s.rebuild(err); err != nil {
			return nil, err
		}
		c, err = s.makeOnce()
	}
	return c, err
}

func (s *Store) makeOnce() (*conn, error) {
	older, err := s.find()
	if err != nil {
		return nil, err
	}
	for _, path := range older {
		removeDatabase(path)
	}
	if err := makeFile(s.path()); err != nil {
		return nil, err
	}
	c, err := s.connect()
	if err != nil {
		return nil, err
	}
	v, err := version(c, s.dir)
	if err == nil && v == 0 {
		err = create(c)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	if 0 < v && v < schemaVersion {
		c.close()
		if err := setAside(s.dir, filepath.Base(s.path()), v); err != nil {
			return nil, err
		}
		return s.makeOnce()
	}
	return s.configured(c)
}

// makeFile makes an empty file that only its owner can read, unless there is one. SQLite
// would let everybody read the database, and gives the files beside it the same mode.
func makeFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *Store) path() string { return s.db.Load().path }

func (s *Store) connect() (*conn, error) { return openConn(s.path(), s.access) }

// follow opens the database that is in the directory now, if it is another one.
func (s *Store) follow() {
	if s.inPlace() {
		return
	}
	if !s.o.ReadOnly {
		_ = s.w.touch(context.Background())
		return
	}
	if s.openReadOnly() == nil {
		s.readers.reset()
		s.deletions.restart()
	}
}

// inPlace tells whether the database that is open is still in the directory, and no newer one
// is: who made that may have died before the older one was removed.
func (s *Store) inPlace() bool {
	db := s.db.Load()
	if _, err := os.Stat(db.next); err == nil {
		return false
	}
	info, err := os.Stat(db.path)
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) // if in doubt it is
	}
	return os.SameFile(info, db.info)
}
