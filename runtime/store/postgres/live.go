package postgres

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// live is what a Store is told by others. It begins when somebody first waits for something: one
// connection listens, and beside it all that is waited for is looked at every second or two, so
// that nothing hangs if a notification is lost. Where a pooler stands between, which gives
// each transaction another connection, no notification comes, and looking is all there is.
type live struct {
	s     *Store
	once  sync.Once
	ends  sync.WaitGroup
	heard atomic.Bool // notifications come

	warned atomic.Bool
	proved chan struct{} // gets a value when a notification to oneself has come
}

const (
	// lookEvery is how often what was deleted is looked at, and what is watched while no
	// notifications come; otherwise that is every lookRarely-th time.
	lookEvery  = time.Second
	lookRarely = 2

	// maxLook is how long one look may take.
	maxLook = 10 * time.Second

	// Between two connections that break there is a pause.
	minPause, maxPause = 50 * time.Millisecond, 5 * time.Second

	// proveEvery is how often it is made sure that notifications come.
	proveEvery = 30 * time.Second
)

// listenTo is where a Store listens. Tests change it.
var listenTo = (*Store).channel

// maxProof is how long a notification to oneself may take. Tests change it.
var maxProof = 5 * time.Second

// start has a Store told, from now on.
func (l *live) start() {
	l.once.Do(func() {
		if l.s.closed.Load() {
			return
		}
		l.proved = make(chan struct{}, 1)
		l.ends.Go(l.poll)
		l.ends.Go(l.listen)
	})
}

// wait waits until that has ended.
func (l *live) wait() {
	l.once.Do(func() {})
	l.ends.Wait()
}

// poll looks now and then.
func (l *live) poll() {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for n := 1; ; n++ {
		select {
		case <-l.s.running.Done():
			return
		case <-ticker.C:
		}
		l.s.deleted.look()
		if !l.heard.Load() || n%lookRarely == 0 {
			ctx, cancel := context.WithTimeout(l.s.running, maxLook)
			_ = l.s.watches.look(ctx) // it is done again
			cancel()
		}
	}
}

// listen hears what others say, on one connection after the other.
func (l *live) listen() {
	pause := minPause
	for l.s.running.Err() == nil {
		began := time.Now()
		err := l.hear(l.s.running)
		l.heard.Store(false)
		if l.s.running.Err() != nil {
			return
		}
		l.s.log.Debug("the connection that listens has ended", slog.Any("error", err))
		if time.Since(began) > maxPause {
			pause = minPause
		}
		select {
		case <-l.s.running.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}

// hear listens until its connection breaks.
func (l *live) hear(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pool := l.s.pool.Config()
	c := pool.ConnConfig
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn()} // a wait that ends has nothing to cancel
	}
	start, cancel := context.WithTimeout(ctx, 2*maxPause)
	defer cancel()
	if pool.BeforeConnect != nil {
		if err := pool.BeforeConnect(start, c); err != nil {
			return err
		}
	}
	conn, err := pgx.ConnectConfig(start, c)
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = conn.Close(end)
	}()
	if _, err := conn.Exec(start, "LISTEN "+pgx.Identifier{listenTo(l.s)}.Sanitize()); err != nil {
		if start.Err() == nil {
			l.warn(err)
		}
		return err
	}
	l.ends.Go(func() { l.prove(ctx, stop) })
	_ = l.s.watches.look(start) // what they missed
	l.s.tasks.ring()
	l.s.deleted.look()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if l.s.receive(n.Payload) {
			select {
			case l.proved <- struct{}{}:
			default:
			}
		}
	}
}

// prove makes sure again and again that notifications come on a connection. It ends one on which
// they did, and do not any more.
func (l *live) prove(ctx context.Context, stop func()) {
	for first := true; ; first = false {
		err := l.s.notify([]string{l.s.payload(probeNotice)})
		select {
		case <-l.proved:
			l.heard.Store(true)
		case <-ctx.Done():
			return
		case <-time.After(maxProof):
			l.heard.Store(false)
			if !first {
				stop()
			} else if err == nil {
				l.warn(nil)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(proveEvery):
		}
	}
}

// warn says once that notifications do not come.
func (l *live) warn(err error) {
	if !l.warned.CompareAndSwap(false, true) {
		return
	}
	log := l.s.log
	if err != nil {
		log = log.With(slog.Any("error", err))
	}
	log.Warn("this connection gets no notifications, as behind a pooler that pools transactions, or from a standby: " +
		"who waits for a call of another machine is told up to a second late; give the address of the server itself, or a pooler of sessions")
}
