package nats

import (
	"time"

	"github.com/workgen/workgen/runtime/store"
)

// Times that are kept are the server's, and those that callers get and give are their machine's.
// Where the two clocks differ by more than store.Tolerance, which is told from the answers of the
// server, times are translated at the border. So whatever a machine believes to be the time, no
// lease is free for it that is held, nor does its result live shorter or longer. Clocks that agree
// leave all times as they are. The times of messages are the server's own: what a lease says about
// its end is believed only as far as it fits to these.

// serverNow returns the time of the server.
func (s *Store) serverNow() time.Time { return s.toServer(s.now()) }

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

// toServer returns a time of this machine as the server has it. The zero time is none.
func (s *Store) toServer(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(time.Duration(s.skew.Load())).Truncate(time.Microsecond)
}

// fromServer is the reverse of toServer.
func (s *Store) fromServer(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Duration(s.skew.Load())).UTC()
}
