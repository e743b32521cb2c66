//go:build unix

package pgtest

import (
	"context"
	"errors"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Stop ends the server in an orderly way, but without waiting for clients, and waits until it has
// ended.
func (s *Server) Stop() { s.end(syscall.SIGINT) }

// end ends the server by a signal.
func (s *Server) end(by syscall.Signal) {
	if s.process != nil {
		_ = s.process.Signal(by)
		<-s.ended
		s.process = nil
	}
}

// Revive waits until the server answers, and starts it again if it has ended.
func (s *Server) Revive() error {
	if err := s.answers(); err == nil {
		return nil
	}
	<-s.ended // answers has waited for one or the other
	return s.Start()
}

// KillOne kills one of the server's processes, as the kernel does where memory is short, and waits
// until the server, which then begins anew with what is on the disk, answers again. kind is the
// backend_type in pg_stat_activity, such as "client backend" or "checkpointer".
func (s *Server) KillOne(ctx context.Context, kind string) error {
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	var pid int
	err = c.QueryRow(ctx, `SELECT pid FROM pg_stat_activity WHERE backend_type = $1
		ORDER BY pid = pg_backend_pid(), random() LIMIT 1`, kind).Scan(&pid)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	for ctx.Err() == nil { // until it has noticed
		if _, err := c.Exec(ctx, ""); err != nil {
			return s.answers()
		}
	}
	return errors.Join(ctx.Err(), c.Close(ctx))
}
