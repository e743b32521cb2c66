//go:build unix

// Package pgtest starts a PostgreSQL server for tests: a real one, of the programs that are
// installed, in a temporary folder, on a socket.
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
//
//	func TestSomething(t *testing.T) {
//		url := pgtest.Database(t) // of a database of its own
//	}
//
// Where PostgreSQL is not installed, tests that ask for it are skipped; with POSTGRES_TESTS=required
// in the environment they fail.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL server.
type Server struct {
	dir  string // has the data, and the socket
	args []string

	port int // 0: the usual one, of the socket only

	process *os.Process
	ended   chan struct{} // closed when the process has ended
	n       int           // databases made so far
	mu      sync.Mutex
}

// shared is the server of this process.
var shared struct {
	once sync.Once
	s    *Server
	err  error
}

// Run runs tests, and then stops the server that they share.
func Run(m *testing.M) int {
	defer func() {
		if shared.s != nil {
			shared.s.Close()
		}
	}()
	return m.Run()
}

// Database makes a database on the server that all tests of the process share, and returns its URL.
// It is dropped at the test's end.
func Database(t testing.TB) string {
	t.Helper()
	return Shared(t).Database(t)
}

// Shared returns the server that all tests of the process share.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() { shared.s, shared.err = New() })
	check(t, shared.err)
	return shared.s
}

// Start starts a server of a test's own, which it can stop and start again. args are those of
// postgres, such as "-c", "fsync=on".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return StartIn(t, "/tmp", args...)
}

// StartIn is Start of a server whose data is in a directory. Its path has to be short.
func StartIn(t testing.TB, dir string, args ...string) *Server {
	t.Helper()
	s, err := newIn(dir, args)
	check(t, err)
	t.Cleanup(s.Close)
	return s
}

// check skips a test where there is no PostgreSQL, and fails it on another error.
func check(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, errMissing) && os.Getenv("POSTGRES_TESTS") != "required" {
		t.Skip("skipped: " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
}

var errMissing = errors.New("PostgreSQL is not installed: no initdb in PATH nor in /usr/lib/postgresql/*/bin")

// program returns the path of one of PostgreSQL's programs, of the newest version.
func program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	paths, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(paths) == 0 {
		return "", errMissing
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return slices.MaxFunc(paths, func(a, b string) int { return version(a) - version(b) }), nil
}

// New starts a server. It does not wait for the disk, so that tests are fast: its data survives
// its death, and not that of the machine.
func New(args ...string) (*Server, error) { return newIn("/tmp", args) }

func newIn(dir string, args []string) (*Server, error) {
	s, err := prepare(dir, args)
	if err != nil {
		return nil, err
	}
	err = s.run("initdb", "-D", s.data(), "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// prepare makes a server without data, in a directory.
func prepare(in string, args []string) (*Server, error) {
	if _, err := program("initdb"); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(in, "pg") // the path of a socket must be short
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	s.args = append([]string{
		"-D", s.data(), "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=400",
		"-c", "shared_buffers=64MB", "-c", "log_min_messages=warning", "-c", "autovacuum_naptime=5s", "-c", "wal_retrieve_retry_interval=50ms",
	}, args...)
	if as := owner(); as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// data is the folder of the server's data.
func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// run runs one of PostgreSQL's programs as who runs the server.
func (s *Server) run(name string, args ...string) error {
	path, err := program(name)
	if err != nil {
		return err
	}
	c := exec.Command(path, args...)
	c.Dir, c.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: owner()}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return nil
}

// owner is who runs the server: PostgreSQL refuses root. nil is whoever runs the tests.
func owner() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(u.Uid)
			gid, _ := strconv.Atoi(u.Gid)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
}

// Start starts the server again after it was stopped, and waits until it answers.
func (s *Server) Start() error {
	postgres, err := program("postgres")
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	c := exec.Command(postgres, s.args...)
	c.Dir, c.Stdout, c.Stderr = s.dir, log, log
	c.SysProcAttr = &syscall.SysProcAttr{Credential: owner(), Setpgid: true}
	dieTogether(c.SysProcAttr)
	started := make(chan error)
	s.ended = make(chan struct{})
	go func(ended chan struct{}) {
		runtime.LockOSThread() // the server is to die with the process, not with a thread of it
		err := c.Start()
		started <- err
		if err == nil {
			_ = c.Wait()
		}
		close(ended)
	}(s.ended)
	if err := <-started; err != nil {
		return err
	}
	s.process = c.Process
	return s.answers()
}

// answers waits until the server does.
func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.ended:
			out, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("postgres has ended: %s", out)
		case <-ctx.Done():
			return err
		}
	}
}

// Kill ends the server at once, as a crash does, and waits until it has.
func (s *Server) Kill() { s.end(syscall.SIGQUIT) }

// Close ends the server, and removes its data.
func (s *Server) Close() {
	s.Kill()
	_ = os.RemoveAll(s.dir)
}

// Socket returns the path of the server's socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// URL returns how to connect to a database, as the superuser.
func (s *Server) URL(database string) string {
	url := "host=" + s.dir + " user=postgres sslmode=disable dbname=" + database
	if s.port != 0 {
		url += " port=" + strconv.Itoa(s.port)
	}
	return url
}

// Database makes a database, which is dropped at the test's end, and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	s.n++
	name := "t" + strconv.Itoa(s.n)
	s.mu.Unlock()
	Exec(t, s.URL("postgres"), "CREATE DATABASE "+name)
	t.Cleanup(func() { Exec(t, s.URL("postgres"), "DROP DATABASE "+name+" WITH (FORCE)") })
	return s.URL(name)
}

// Exec executes statements.
func Exec(t testing.TB, url, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err == nil {
		_, err = c.Exec(ctx, sql)
		_ = c.Close(ctx)
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Need skips a test where PostgreSQL is not installed, as Database does.
func Need(t testing.TB) {
	t.Helper()
	_, err := program("initdb")
	check(t, err)
}
