package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/workgen/workgen/runtime/internal/blob"
	"github.com/workgen/workgen/runtime/store"
)

// maxChunk is how long one chunk may take.
const maxChunk = time.Minute

// chunk gets a chunk of a result; nothing is held on the server. Where the connection breaks, it is
// asked for again.
func (s *Store) chunk(seq, upload int64, n int) (data []byte, err error) {
	ctx, cancel := context.WithTimeout(s.running, maxChunk)
	defer cancel()
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		err := s.pool.QueryRow(ctx, s.sql.chunk, seq, upload, n).Scan(&data)
		var refused *pgconn.PgError
		switch {
		case err == nil:
			return data, nil
		case errors.Is(err, pgx.ErrNoRows):
			return nil, blob.ErrMissing
		case s.running.Err() != nil:
			return nil, &blob.Unavailable{Err: store.ErrClosed}
		case errors.As(err, &refused) && !isCrash(refused):
			return nil, &blob.Unavailable{Err: s.failed(ctx, err)}
		}
		select {
		case <-ctx.Done():
			return nil, &blob.Unavailable{Err: errNoAnswer}
		case <-time.After(pause):
		}
	}
}

// isCrash tells whether the server says that it ends, or is not ready yet.
func isCrash(err *pgconn.PgError) bool { return strings.HasPrefix(err.Code, "57P") }
