package postgres

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// newPool makes connections as a Store wants them: a context that ends has the server cancel
// what it does, and costs the connection only if that does not help.
func newPool(ctx context.Context, url string, relaxed bool) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	var all atomic.Pointer[pgxpool.Pool]
	c.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &canceller{pool: &all, CancelRequestContextWatcherHandler: pgconn.CancelRequestContextWatcherHandler{
			Conn: conn, CancelRequestDelay: 0, DeadlineDelay: maxCancel,
		}}
	}
	params := c.ConnConfig.RuntimeParams
	if params["application_name"] == "" {
		params["application_name"] = filepath.Base(os.Args[0])
	}
	if relaxed {
		params["synchronous_commit"] = "off"
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	pool, err := pgxpool.NewWithConfig(ctx, c)
	all.Store(pool)
	return pool, err
}

// maxCancel is how long the server has to say that it has cancelled something.
const maxCancel = 2 * time.Second

// canceller cancels what a connection does when its context ends. If the server does not say that it
// has, something between here and there has forgotten the connection, and probably all of
// them: they are made anew, instead of each being found out by somebody who waits.
type canceller struct {
	pgconn.CancelRequestContextWatcherHandler
	pool  *atomic.Pointer[pgxpool.Pool]
	until time.Time // it may say so
}

// HandleCancel implements ctxwatch.Handler.
func (c *canceller) HandleCancel(ctx context.Context) {
	c.until = time.Now().Add(c.DeadlineDelay)
	c.CancelRequestContextWatcherHandler.HandleCancel(ctx)
}

// HandleUnwatchAfterCancel implements ctxwatch.Handler.
func (c *canceller) HandleUnwatchAfterCancel() {
	late := time.Now().After(c.until)
	c.CancelRequestContextWatcherHandler.HandleUnwatchAfterCancel()
	if !late {
		return
	}
	_ = c.Conn.Conn().Close() // else the pool counts it until an orderly end has been waited for
	if pool := c.pool.Load(); pool != nil {
		pool.Reset()
	}
}

// closePool closes connections. One that hangs is left to its time-out.
func closePool(p *pgxpool.Pool) {
	done := make(chan struct{})
	go func() {
		p.Close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(closing):
	}
}
