package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/workgen/workgen/runtime/store"
)

// Times that are kept are the server's, and those that callers get and give are their machine's.
// Where the two clocks differ by more than store.Tolerance, which is told from the answers of the
// server, times are translated at the border. So whatever a machine believes to be the time, no
// lease is free for it that is held, nor does its result live shorter or longer. Clocks that agree
// leave all times as they are.

// setClock asks the server for its time.
func (s *Store) setClock(ctx context.Context) error {
	var at pgtype.Timestamptz
	sent := s.now()
	err := s.row(ctx, `SELECT clock_timestamp()`, nil, &at)
	if err == nil {
		s.tell(sent, at.Time)
	}
	return err
}

// tell notes what the time of the server was at some moment since sent, and before now.
func (s *Store) tell(sent, server time.Time) {
	got := s.now()
	var skew time.Duration
	switch {
	case server.Before(sent.Add(-store.Tolerance)):
		skew = server.Sub(sent)
	case server.After(got.Add(store.Tolerance)):
		skew = server.Sub(got)
	}
	s.skew.Store(int64(skew))
}

// toServer returns a time of this machine as a parameter. The zero time is none.
func (s *Store) toServer(t time.Time) pgtype.Timestamptz {
	if t.IsZero() {
		return pgtype.Timestamptz{}
	}
	return pgtype.Timestamptz{Time: t.Add(time.Duration(s.skew.Load())).Truncate(time.Microsecond), Valid: true}
}

// fromServer is the reverse of toServer.
func (s *Store) fromServer(t pgtype.Timestamptz) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return s.translated(t.Time)
}

// translated is fromServer of a time that there is.
func (s *Store) translated(t time.Time) time.Time {
	return t.Add(-time.Duration(s.skew.Load())).UTC()
}
