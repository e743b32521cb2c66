//go:build unix

package pgtest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pair is a server and its standby, which has all that is committed: replication is synchronous.
type Pair struct {
	primary, standby *Server
	args             []string
	ready            chan error // has a value when there is a standby
}

// StartPair starts two servers, which end with the test.
func StartPair(t testing.TB, args ...string) *Pair {
	t.Helper()
	p := &Pair{args: args, ready: make(chan error, 1)}
	t.Cleanup(func() {
		if err := <-p.ready; err != nil && !t.Failed() {
			t.Error(err)
		}
		for _, s := range []*Server{p.standby, p.primary} {
			if s != nil {
				s.Close()
			}
		}
	})
	var err error
	p.primary, err = New(args...)
	if err != nil {
		p.ready <- nil
	}
	check(t, err)
	Exec(t, p.primary.URL("postgres"), "CREATE DATABASE pair")
	if err = p.addStandby(); err != nil {
		t.Error(err)
	}
	p.ready <- nil
	return p
}

// URL returns how to connect, as the superuser, to a database of whoever is not the standby.
func (p *Pair) URL() string {
	dirs := []string{p.primary.dir, p.standby.dir}
	slices.Sort(dirs)
	return fmt.Sprintf("host=%s,%s user=postgres sslmode=disable target_session_attrs=read-write dbname=pair", dirs[0], dirs[1])
}

// addStandby makes a standby that has all that the primary has, in the folder of the one before, and
// waits until it is synchronous.
func (p *Pair) addStandby() (err error) {
	if p.standby == nil {
		if p.standby, err = prepare("/tmp", p.args); err != nil {
			return err
		}
	}
	s := p.standby
	if err := os.RemoveAll(s.data()); err != nil {
		return err
	}
	if err := s.run("pg_basebackup", "-D", s.data(), "-h", p.primary.dir, "-U", "postgres", "-R", "-c", "fast", "--no-sync"); err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	if err := p.primary.exec("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"); err != nil {
		return err
	}
	const isSynchronous = `DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming') THEN
			RAISE 'the standby is not synchronous';
		END IF;
	END $$`
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if err = p.primary.exec(isSynchronous); err == nil || time.Now().After(end) {
			return err
		}
	}
}

// exec executes statements, each by itself.
func (s *Server) exec(statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	for _, sql := range statements {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// FailOver crashes the primary, once the standby has heard nothing of it for some time, and has the
// standby take its place after some more. The other one then becomes its standby, which the next
// FailOver waits for.
func (p *Pair) FailOver(lag, after time.Duration) error {
	if err := <-p.ready; err != nil {
		p.ready <- nil
		return err
	}
	goOn, err := p.standby.stopReceiver()
	if err == nil {
		time.Sleep(lag)
		p.primary.Kill()
		goOn()
	}
	if err != nil {
		p.ready <- nil
		return err
	}
	time.Sleep(after)
	p.primary, p.standby = p.standby, p.primary
	// Nobody waits for a standby that is not there yet.
	err = p.primary.exec("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()", "SELECT pg_promote()")
	if err != nil {
		p.ready <- nil
		return err
	}
	go func() { p.ready <- p.addStandby() }()
	return nil
}

// stopReceiver stops the process of a standby that hears what the primary does, until goOn is
// called.
func (s *Server) stopReceiver() (goOn func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return nil, err
	}
	defer c.Close(ctx)
	var pid int
	if err := c.QueryRow(ctx, "SELECT pid FROM pg_stat_wal_receiver").Scan(&pid); err != nil {
		return nil, err
	}
	return func() { _ = syscall.Kill(pid, syscall.SIGCONT) }, syscall.Kill(pid, syscall.SIGSTOP)
}
