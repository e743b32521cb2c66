package disk

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/key"
)

// Between processes a Store that holds leases listens on a socket, as soon as there is
// another process that has the store open: who waits for a key connects to its holder and
// sends the key, and the holder sends it back as soon as it does not hold it, which may be
// at once. When the holder dies the system closes the connection. Who uses the queue listens, too,
// and is sent messages: see queue_wake.go.

// sockets are those of one Store; mu of watches guards them.
type sockets struct {
	waiting map[key.Key]map[net.Conn]struct{} // who has asked for a key that is held
	peers   map[int64]*peer                   // connections to holders, by their identity
	conns   map[net.Conn]struct{}             // of those who have connected
	server  net.Listener                      // nil: nobody had to be served yet
	dir     *os.File                          // see address
	failed  bool                              // there will be no server
	expects bool                              // messages

	others others
}

func newSockets() sockets {
	return sockets{waiting: map[key.Key]map[net.Conn]struct{}{}, peers: map[int64]*peer{}, conns: map[net.Conn]struct{}{}}
}

// answer sends a key to one who waits for it. Who does not listen is cut off, and
// finds out by asking again. mu is held.
func (w *watches) answer(conn net.Conn, k key.Key) {
	_ = conn.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := conn.Write(k[:]); err != nil {
		_ = conn.Close()
	}
}

// serve begins to listen, once. mu is held.
func (w *watches) serve() {
	if w.sockets.server != nil || w.sockets.failed || w.closed {
		return
	}
	path := w.address(w.s.self.id)
	_ = os.Remove(path)
	server, err := net.Listen("unix", path)
	if err != nil {
		w.sockets.failed = true // those who wait ask again
		return
	}
	_ = os.Chmod(path, 0o600) // others cannot enter its directory either
	w.sockets.server = server
	go w.accept(server)
	w.missed()
}

// accept serves whoever connects, until the server is closed. While there are no
// descriptors it waits: who has connected meanwhile counts on an answer.
func (w *watches) accept(server net.Listener) {
	for {
		conn, err := server.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(every / 100)
			continue
		}
		w.mu.Lock()
		if w.closed {
			_ = conn.Close()
		} else {
			w.sockets.conns[conn] = struct{}{}
			go w.listen(conn)
		}
		w.mu.Unlock()
	}
}

// listen answers one who has connected.
func (w *watches) listen(conn net.Conn) {
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		_ = conn.Close()
		delete(w.sockets.conns, conn)
		w.missed()
		for k, conns := range w.sockets.waiting {
			if delete(conns, conn); len(conns) == 0 {
				delete(w.sockets.waiting, k)
			}
		}
	}()
	for {
		var k key.Key
		if _, err := io.ReadFull(conn, k[:]); err != nil {
			return
		}
		if isMessage(k) {
			var call key.Key
			if _, err := io.ReadFull(conn, call[:]); err != nil {
				return
			}
			w.hear(k, call)
			continue
		}
		w.mu.Lock()
		if _, held := w.held[k]; !held {
			w.answer(conn, k)
		} else {
			if w.sockets.waiting[k] == nil {
				w.sockets.waiting[k] = map[net.Conn]struct{}{}
			}
			w.sockets.waiting[k][conn] = struct{}{}
		}
		w.mu.Unlock()
	}
}

// maxAddress is how long the path of a socket may be, on any system.
const maxAddress = 100

// address returns the path of a Store's socket. Where it is too long there may be a
// shorter one, through a descriptor of its directory. mu is held.
func (w *watches) address(id int64) string {
	dir := filepath.Join(w.s.dir, liveDir)
	path := filepath.Join(dir, nameOf(id)+socketSuffix)
	if len(path) <= maxAddress {
		return path
	}
	if w.sockets.dir == nil {
		f, err := os.Open(dir)
		if err != nil {
			return path
		}
		w.sockets.dir = f
	}
	return shortPath(w.sockets.dir, path)
}

// peer is a connection to a holder of leases.
type peer struct {
	conn net.Conn
	out  chan []byte          // keys, and messages
	keys map[key.Key]struct{} // that were asked for and not answered; mu of watches
}

func (p *peer) close() { _ = p.conn.Close() }

// followElsewhere is follow for a holder in another process.
func (w *watches) followElsewhere(k key.Key, holder int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.byKey[k]
	if x == nil || w.closed {
		return
	}
	p := w.peer(holder)
	if p == nil {
		// It has not begun to listen, or has no socket, or has just died: its
		// connections end a little before its lock does.
		w.atLocked(k, min(100*time.Microsecond<<x.misses, every))
		x.misses = min(x.misses+1, 14)
		return
	}
	x.misses = 0
	if _, asked := p.keys[k]; asked {
		x.followed = true
		return
	}
	select {
	case p.out <- k[:]:
		p.keys[k] = struct{}{}
		x.followed = true
	default: // the holder is slow: ask again
		w.atLocked(k, 10*time.Millisecond)
	}
}

// peer returns the connection to a Store of another process, nil if there is none. mu is held.
func (w *watches) peer(id int64) *peer {
	if p := w.sockets.peers[id]; p != nil {
		return p
	}
	conn, err := net.DialTimeout("unix", w.address(id), 100*time.Millisecond)
	if err != nil {
		return nil
	}
	p := &peer{conn: conn, out: make(chan []byte, 1024), keys: map[key.Key]struct{}{}}
	w.sockets.peers[id] = p
	go w.send(p)
	go w.receive(id, p)
	return p
}

// say sends a message to the Store of another process, if that listens. One that is slow is cut off,
// which tells it that it misses some.
func (w *watches) say(id int64, message, call key.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if p := w.peer(id); p != nil {
		select {
		case p.out <- append(message[:], call[:]...):
		default:
			_ = p.conn.Close()
		}
	}
}

func (w *watches) send(p *peer) {
	for b := range p.out {
		if _, err := p.conn.Write(b); err != nil {
			_ = p.conn.Close()
		}
	}
}

// receive wakes those who watch what the holder does not hold any more; in the end,
// when it has died, those of everything that it held.
func (w *watches) receive(holder int64, p *peer) {
	for {
		var k key.Key
		_, err := io.ReadFull(p.conn, k[:])
		w.mu.Lock()
		if err != nil {
			_ = p.conn.Close()
			close(p.out)
			if w.sockets.peers[holder] == p {
				delete(w.sockets.peers, holder)
			}
			for k := range p.keys {
				w.answeredLocked(k)
			}
			w.mu.Unlock()
			return
		}
		delete(p.keys, k)
		w.answeredLocked(k)
		w.mu.Unlock()
	}
}

// others tells whether another process has the store open, which is asked often.
type others struct {
	mu    sync.Mutex
	found bool      // once there was one
	as    time.Time // when the directory had changed that was read last
	read  time.Time
}

// coarse is how exactly file systems know when a directory has changed.
const coarse = 100 * time.Millisecond

func (o *others) any(s *Store) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.found {
		return true
	}
	dir := filepath.Join(s.dir, liveDir)
	info, err := os.Stat(dir)
	if err != nil || info.ModTime().Equal(o.as) && o.read.Sub(o.as) > coarse {
		return false
	}
	o.as, o.read = info.ModTime(), time.Now()
	for _, id := range identities(dir) {
		if openHere(id) != nil {
			continue
		}
		if _, alive := s.alive(id); alive {
			o.found = true
		}
	}
	return o.found
}

// meet begins to listen if there is another process now, for executions that began before, and
// for messages.
func (w *watches) meet() {
	w.mu.Lock()
	due := (len(w.held) > 0 || w.sockets.expects) && w.sockets.server == nil
	w.mu.Unlock()
	if due && w.sockets.others.any(w.s) {
		w.mu.Lock()
		w.serve()
		w.mu.Unlock()
	}
}

// answerAll answers those in other processes who wait for a key. mu is held.
func (w *watches) answerAll(k key.Key) {
	for conn := range w.sockets.waiting[k] {
		w.answer(conn, k)
	}
	delete(w.sockets.waiting, k)
}

// closeSockets takes the connections down; whoever has one takes it for the holder's death.
// mu is held.
func (w *watches) closeSockets() {
	s := &w.sockets
	if s.server != nil {
		_ = s.server.Close() // removes the socket
	}
	for conn := range s.conns {
		_ = conn.Close()
	}
	for _, p := range s.peers {
		p.close()
	}
	if s.dir != nil {
		_ = s.dir.Close()
	}
}
