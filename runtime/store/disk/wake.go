package disk

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// wake tells those who watch a key that something may have changed.
//
// Within the process that is a map. Between processes every Store that holds leases
// listens on a socket: who waits for a key connects to its holder and sends the key,
// and the holder sends it back as soon as it does not hold it, which may be at once.
// When the holder dies the system closes the connection. So nobody polls, and no
// thread waits. Where sockets do not work, and for whatever gets lost, every watch is
// woken when the lease that is in its way expires, and once in a second, or more rarely
// while its holder is going to answer.
type wake struct {
	s *Store

	mu      sync.Mutex
	watches map[key.Key]*watch
	held    map[key.Key]uint64                // tokens of the leases that this Store has
	waiting map[key.Key]map[net.Conn]struct{} // who has asked for a key that is held
	peers   map[int64]*peer                   // connections to holders, by their identity
	conns   map[net.Conn]struct{}             // of those who have connected
	server  net.Listener                      // nil: nobody had to be served yet
	dir     *os.File                          // see address
	failed  bool                              // there will be no server
	ticker  *time.Ticker                      // while there are watches
	closed  bool
}

// watch is all that waits for one key.
type watch struct {
	chans  map[chan struct{}]struct{}
	timer  *time.Timer // rings the key at due, if not nil
	due    time.Time
	misses int // in a row: the holder lives but cannot be connected to

	followed bool // the holder has been asked, and has not answered
}

// every is how often watches are woken in any case, and rarely after how many times
// those are whose holder is going to say more.
const (
	every  = time.Second
	rarely = 16
)

func newWake(s *Store) *wake {
	return &wake{
		s: s, watches: map[key.Key]*watch{}, held: map[key.Key]uint64{},
		waiting: map[key.Key]map[net.Conn]struct{}{}, peers: map[int64]*peer{}, conns: map[net.Conn]struct{}{},
	}
}

// Watch implements store.Store.
func (s *Store) Watch(r store.Ref) (<-chan struct{}, func()) { return s.wake.watch(r.Key) }

func (w *wake) watch(k key.Key) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watches[k] == nil {
		w.watches[k] = &watch{chans: map[chan struct{}]struct{}{}}
	}
	w.watches[k].chans[c] = struct{}{}
	if w.ticker == nil && !w.closed {
		w.ticker = time.NewTicker(every)
		go w.tick(w.ticker)
	}
	return c, func() { w.unwatch(k, c) }
}

func (w *wake) unwatch(k key.Key, c chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.watches[k]
	if x == nil {
		return
	}
	if delete(x.chans, c); len(x.chans) > 0 {
		return
	}
	if x.timer != nil {
		x.timer.Stop()
	}
	delete(w.watches, k)
}

// tick wakes everybody now and then, and ends when nobody is left.
func (w *wake) tick(ticker *time.Ticker) {
	defer ticker.Stop()
	for n := 1; ; n++ {
		<-ticker.C
		if !w.ringAll(n%rarely == 0) {
			return
		}
	}
}

// ringAll wakes all watches, or those only that nobody else is going to wake. It
// reports false, and there is no ticker any more, when there are none.
func (w *wake) ringAll(followed bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.watches) == 0 || w.closed {
		w.ticker = nil
		return false
	}
	for k, x := range w.watches {
		if followed || !x.followed {
			w.ringLocked(k)
		}
	}
	return true
}

// ring wakes those of this Store who watch a key.
func (w *wake) ring(k key.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ringLocked(k)
}

func (w *wake) ringLocked(k key.Key) {
	x := w.watches[k]
	if x == nil {
		return
	}
	for c := range x.chans {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// at wakes those who watch a key after some time, if nothing does before.
func (w *wake) at(k key.Key, after time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.atLocked(k, after)
}

func (w *wake) atLocked(k key.Key, after time.Duration) {
	x := w.watches[k]
	if x == nil {
		return
	}
	due := time.Now().Add(after)
	switch {
	case x.timer == nil:
		x.timer = time.AfterFunc(after, func() { w.ring(k) })
	case time.Now().After(x.due) || due.Before(x.due):
		x.timer.Reset(after)
	default:
		return
	}
	x.due = due
}

// began notes that this Store has begun an execution.
func (w *wake) began(k key.Key, token uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[k] = token
	w.serve()
}

// ended notes that this Store has a lease no more.
func (w *wake) ended(k key.Key, token uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held[k] == token {
		delete(w.held, k)
	}
	for conn := range w.waiting[k] {
		w.answer(conn, k)
	}
	delete(w.waiting, k)
	w.ringLocked(k)
}

// answer sends a key to one who waits for it. Who does not listen is cut off, and
// finds out by asking again. mu is held.
func (w *wake) answer(conn net.Conn, k key.Key) {
	_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := conn.Write(k[:]); err != nil {
		_ = conn.Close()
	}
}

// serve begins to listen, once. mu is held.
func (w *wake) serve() {
	if w.server != nil || w.failed || w.closed {
		return
	}
	path := w.address(w.s.self.id)
	_ = os.Remove(path)
	server, err := net.Listen("unix", path)
	if err != nil {
		w.failed = true // those who wait ask again
		return
	}
	w.server = server
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			w.mu.Lock()
			if w.closed {
				_ = conn.Close()
			} else {
				w.conns[conn] = struct{}{}
				go w.listen(conn)
			}
			w.mu.Unlock()
		}
	}()
}

// listen answers one who has connected.
func (w *wake) listen(conn net.Conn) {
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		_ = conn.Close()
		delete(w.conns, conn)
		for k, conns := range w.waiting {
			if delete(conns, conn); len(conns) == 0 {
				delete(w.waiting, k)
			}
		}
	}()
	for {
		var k key.Key
		if _, err := io.ReadFull(conn, k[:]); err != nil {
			return
		}
		w.mu.Lock()
		if _, held := w.held[k]; !held {
			w.answer(conn, k)
		} else {
			if w.waiting[k] == nil {
				w.waiting[k] = map[net.Conn]struct{}{}
			}
			w.waiting[k][conn] = struct{}{}
		}
		w.mu.Unlock()
	}
}

// close ends everything; whoever is connected takes it for the holder's death.
func (w *wake) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.server != nil {
		_ = w.server.Close() // removes the socket
	}
	for conn := range w.conns {
		_ = conn.Close()
	}
	for _, p := range w.peers {
		p.close()
	}
	for k := range w.watches {
		w.ringLocked(k)
	}
	if w.dir != nil {
		_ = w.dir.Close()
	}
}

// maxAddress is how long the path of a socket may be, on any system.
const maxAddress = 100

// address returns the path of a Store's socket. Where it is too long there may be a
// shorter one, through a descriptor of its directory. mu is held.
func (w *wake) address(id int64) string {
	dir := filepath.Join(w.s.dir, liveDir)
	path := filepath.Join(dir, nameOf(id)+socketSuffix)
	if len(path) <= maxAddress {
		return path
	}
	if w.dir == nil {
		f, err := os.Open(dir)
		if err != nil {
			return path
		}
		w.dir = f
	}
	return shortPath(w.dir, path)
}

// peer is a connection to a holder of leases.
type peer struct {
	conn net.Conn
	out  chan key.Key
	keys map[key.Key]struct{} // that were asked for and not answered; mu of wake
}

func (p *peer) close() { _ = p.conn.Close() }

// follow asks the holder of a key to say when it does not hold it any more.
func (w *wake) follow(k key.Key, holder int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.watches[k]
	if x == nil || w.closed {
		return
	}
	p := w.peers[holder]
	if p == nil {
		conn, err := net.DialTimeout("unix", w.address(holder), 100*time.Millisecond)
		if err != nil {
			// It has not begun to listen, or has no socket, or has just died: its
			// connections end a little before its lock does.
			w.atLocked(k, min(100*time.Microsecond<<x.misses, every))
			x.misses = min(x.misses+1, 14)
			return
		}
		p = &peer{conn: conn, out: make(chan key.Key, 1024), keys: map[key.Key]struct{}{}}
		w.peers[holder] = p
		go w.send(p)
		go w.receive(holder, p)
	}
	x.misses = 0
	if _, asked := p.keys[k]; asked {
		x.followed = true
		return
	}
	select {
	case p.out <- k:
		p.keys[k] = struct{}{}
		x.followed = true
	default: // the holder is slow: ask again
		w.atLocked(k, 10*time.Millisecond)
	}
}

func (w *wake) send(p *peer) {
	for k := range p.out {
		if _, err := p.conn.Write(k[:]); err != nil {
			_ = p.conn.Close()
		}
	}
}

// receive wakes those who watch what the holder does not hold any more; in the end,
// when it has died, those of everything that it held.
func (w *wake) receive(holder int64, p *peer) {
	for {
		var k key.Key
		_, err := io.ReadFull(p.conn, k[:])
		w.mu.Lock()
		if err != nil {
			_ = p.conn.Close()
			close(p.out)
			if w.peers[holder] == p {
				delete(w.peers, holder)
			}
			for k := range p.keys {
				w.answered(k)
			}
			w.mu.Unlock()
			return
		}
		delete(p.keys, k)
		w.answered(k)
		w.mu.Unlock()
	}
}

// answered wakes those who watch a key that its holder holds no more. mu is held.
func (w *wake) answered(k key.Key) {
	if x := w.watches[k]; x != nil {
		x.followed = false
	}
	w.ringLocked(k)
}
