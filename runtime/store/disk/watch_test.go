package disk

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
)

// eitherWay tests two Stores that are open in one process, and as if they were open in two.
func eitherWay(t *testing.T, f func(t *testing.T, s, other *Store)) {
	t.Run("one process", func(t *testing.T) {
		dir := t.TempDir()
		f(t, opened(t, dir, Options{}), opened(t, dir, Options{}))
	})
	t.Run("two processes", func(t *testing.T) {
		dir := t.TempDir()
		s, other := opened(t, dir, Options{}), opened(t, dir, Options{})
		here.mu.Lock()
		delete(here.all, s.self.id)
		delete(here.all, other.self.id)
		here.mu.Unlock()
		f(t, s, other)
		if info, err := os.Stat(filepath.Join(dir, liveDir, s.self.name+socketSuffix)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("socket %v, %v", info, err)
		}
	})
}

func TestWatchesAreWokenByTheHolder(t *testing.T) { eitherWay(t, wokenByTheHolder) }

func wokenByTheHolder(t *testing.T, s, other *Store) {
	_, stop := other.Watch(ref(100)) // while there is one, there is a ticker
	defer stop()
	other.watches.mu.Lock()
	ticker := other.watches.ticker
	other.watches.mu.Unlock()
	ticker.Reset(time.Hour) // wakes nobody
	defer ticker.Reset(every)
	for n := range byte(10) {
		l, err := begin(s, n)
		if err != nil {
			t.Fatal(err)
		}
		changed, stop := other.Watch(ref(n))
		follow(t, other, n)
		go func() {
			if err := put(s, l, []byte{n}); err != nil {
				t.Error(err)
			}
		}()
		for err = store.ErrHeld; errors.Is(err, store.ErrHeld); _, err = begin(other, n) {
			select {
			case <-changed:
			case <-time.After(10 * time.Second):
				t.Fatal("not woken")
			}
		}
		if !errors.Is(err, store.ErrFinished) {
			t.Error(err)
		}
		stop()
	}
}

// follow looks up what is held, or wants it, until its holder can be connected to, and is
// going to answer.
func follow(t *testing.T, s *Store, n byte) {
	t.Helper()
	await(t, func() bool {
		if found := make([]store.Found, 1); n%2 == 0 {
			if err := s.Lookup(ctx, []store.Ref{ref(n)}, found); err != nil || found[0].Holder == nil {
				t.Fatal(found, err)
			}
		} else if _, err := begin(s, n); !errors.Is(err, store.ErrHeld) {
			t.Fatal(err)
		}
		s.watches.mu.Lock()
		defer s.watches.mu.Unlock()
		return s.watches.byKey[numbered(n)].followed
	})
}

func TestWhoWaitsForAnAnswerDoesNotAskAllTheTime(t *testing.T) { eitherWay(t, doesNotAskAllTheTime) }

func doesNotAskAllTheTime(t *testing.T, s, other *Store) {
	woken := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	var l store.Lease
	var err error
	for n := range byte(2) {
		if l, err = begin(s, n); err != nil {
			t.Fatal(err)
		}
	}
	alone, stop := other.Watch(ref(0))
	defer stop()
	followed, stop := other.Watch(ref(1))
	defer stop()
	follow(t, other, 1)
	woken(followed)
	other.watches.ringAll(false)
	if !woken(alone) || woken(followed) {
		t.Error("not those were woken that nobody else wakes")
	}
	other.watches.ringAll(true)
	if !woken(alone) || !woken(followed) {
		t.Error("not all were woken")
	}
	if err := s.End(ctx, l, store.Record{Status: store.Stopped}, nil); err != nil {
		t.Fatal(err)
	}
	<-followed
	other.watches.ringAll(false)
	if !woken(followed) {
		t.Error("nobody wakes who was answered")
	}
}

func TestNothingIsLeftOfWaiting(t *testing.T) { eitherWay(t, nothingIsLeft) }

func nothingIsLeft(t *testing.T, s, other *Store) {
	for n := range byte(50) {
		l, err := begin(s, n)
		if err != nil {
			t.Fatal(err)
		}
		_, stop := other.Watch(ref(n))
		if _, err := begin(other, n); !errors.Is(err, store.ErrHeld) {
			t.Fatal(err)
		}
		if n%2 == 0 {
			stop()
			stop = func() {}
		}
		if err := s.End(ctx, l, store.Record{Status: store.Stopped}, nil); err != nil {
			t.Fatal(err)
		}
		stop()
	}
	for _, h := range []*Store{s, other} {
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			w := h.watches
			w.mu.Lock()
			left := len(w.byKey) + len(w.held) + len(w.asked) + len(w.sockets.waiting)
			for _, p := range w.sockets.peers {
				left += len(p.keys)
			}
			w.mu.Unlock()
			if left == 0 {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%d things are left", left)
			}
		}
	}
}

// TestExpiryWakesWithoutTheHolder: it may have been stopped.
func TestExpiryWakesWithoutTheHolder(t *testing.T) {
	dir := t.TempDir()
	s, other := opened(t, dir, Options{Lease: 300 * time.Millisecond}), opened(t, dir, Options{})
	if _, err := begin(s, 1); err != nil {
		t.Fatal(err)
	}
	changed, stop := other.Watch(ref(1))
	defer stop()
	timeout := time.After(every * rarely / 2)
	for {
		_, err := begin(other, 1)
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrHeld) {
			t.Fatal(err)
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatal("nothing woke when the lease had expired")
		}
	}
}

// starved is a listener that has no descriptors for the first connections.
type starved struct {
	net.Listener
	times int
}

func (l *starved) Accept() (net.Conn, error) {
	if l.times--; l.times >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestAHolderThatHadNoDescriptorsAnswersAfterwards(t *testing.T) {
	s := opened(t, t.TempDir(), Options{})
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.watches.accept(&starved{server, 3})
	}()
	conn, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	asked := numbered(1) // which nobody holds
	if _, err := conn.Write(asked[:]); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	var answer key.Key
	if _, err := io.ReadFull(conn, answer[:]); err != nil || answer != asked {
		t.Errorf("answer %v, %v", answer, err)
	}
	_ = server.Close()
	<-done
}

// TestAMessageThatIsFasterThanAPush: a task that is taken before Push returns is not waited for as one
// that is queued.
func TestAMessageThatIsFasterThanAPush(t *testing.T) { eitherWay(t, fasterThanAPush) }

func fasterThanAPush(t *testing.T, s, other *Store) {
	s.listen()
	_, unwatch := s.Watch(ref(1))
	defer unwatch()
	heard := make(chan struct{})
	s.OnHeld(func(time.Duration) {
		var pushed int64
		_ = other.reading(ctx, func(c *conn) (err error) {
			pushed, _, err = c.findTask(ref(1).Key)
			return err
		})
		if pushed == 0 {
			return
		}
		select { // it is committed, and Push does not know that yet
		case <-heard:
		case <-time.After(10 * time.Second):
		}
	})
	go func() {
		defer close(heard)
		if _, err := other.Queue().Take(ctx, queue.Worker{ID: 7, Serves: []queue.Served{{Work: "w"}}}); err != nil {
			t.Error(err)
		}
		await(t, func() bool { return !s.expects(ref(1).Key) })
	}()
	if err := s.Queue().Push(ctx, queue.Task{Ref: ref(1), Caller: 1}); err != nil {
		t.Fatal(err)
	}
	if s.expects(ref(1).Key) {
		t.Error("a message is expected that has come")
	}
}

// TestMessagesThatDoNotCome: who counts on one looks for itself when it may have been lost.
func TestMessagesThatDoNotCome(t *testing.T) {
	dir := t.TempDir()
	s := opened(t, dir, Options{})
	changed, stop := s.Watch(ref(1))
	defer stop()
	push := func() {
		t.Helper()
		if err := s.Queue().Push(ctx, queue.Task{Ref: ref(1), Caller: 1}); err != nil || !s.expects(ref(1).Key) {
			t.Fatal(err)
		}
	}
	woken := func(why string) {
		t.Helper()
		await(t, func() bool { return !s.expects(ref(1).Key) })
		select {
		case <-changed:
		default:
			t.Errorf("not woken: %s", why)
		}
	}
	push()
	other := opened(t, dir, Options{})
	here.mu.Lock()
	delete(here.all, s.self.id)
	delete(here.all, other.self.id)
	here.mu.Unlock()
	s.listen()
	woken("it did not listen before")

	push()
	other.watches.mu.Lock()
	p := other.watches.peer(s.self.id)
	if p == nil {
		t.Fatal("there is no connection")
	}
	_ = p.conn.(*net.UnixConn).SetWriteBuffer(1)
	other.watches.mu.Unlock()
	s.watches.mu.Lock() // it is slow
	for range 2 * cap(p.out) {
		other.watches.say(s.self.id, takenMessage, ref(2).Key)
	}
	s.watches.mu.Unlock()
	woken("it is slow")
}

func (s *Store) expects(k key.Key) bool {
	s.watches.mu.Lock()
	defer s.watches.mu.Unlock()
	return s.watches.byKey[k].expected
}
