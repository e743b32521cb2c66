//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pooler starts pgbouncer in front of a server, which gives each transaction another connection, and
// returns how to connect to a database through it, given its URL without. It ends with the test,
// which is skipped where pgbouncer is not installed, as where PostgreSQL is not.
func (s *Server) Pooler(t testing.TB) (through func(url string) string) {
	t.Helper()
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path = "/usr/sbin/pgbouncer"
	}
	if _, err := os.Stat(path); err != nil {
		check(t, fmt.Errorf("%w: no pgbouncer", errMissing))
	}
	dir, err := os.MkdirTemp("/tmp", "pb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := filepath.Join(dir, "config")
	err = os.WriteFile(config, []byte(strings.Join([]string{
		"[databases]", "* = host=" + s.dir + " user=postgres",
		"[pgbouncer]", "listen_port = 6432", "unix_socket_dir = " + dir, "auth_type = any", "pool_mode = transaction",
		"default_pool_size = 5", "logfile = " + filepath.Join(dir, "log"), "",
	}, "\n")), 0o644)
	as := owner()
	if as != nil {
		err = errors.Join(err, os.Chown(dir, int(as.Uid), int(as.Gid)))
	}
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "-q", config)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	through = func(url string) string { return url + " host=" + dir + " port=6432 default_query_exec_mode=exec" }
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c, err := pgx.Connect(context.Background(), through(s.URL("postgres")))
		if err == nil {
			_ = c.Close(context.Background())
			return through
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("pgbouncer does not answer: %v: %s", err, log)
		}
	}
}
