package nats

import (
	"context"
	"time"
)

// OpenAt opens a store on a machine that has another time.
func OpenAt(ctx context.Context, o Options, now func() time.Time) (*Store, error) {
	s := newStore(o)
	s.now = now
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	s.live.start()
	s.gc.start()
	return s, nil
}
