package nats

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// DefaultNamespace is the namespace that is used when Options say none.
const DefaultNamespace = "workgen"

// names are the streams and subjects of a namespace:
//
//	<ns>-calls    <ns>.r.<work>.<key>                        lease and result of a call
//	<ns>-history  <ns>.h.<work>.<key>.<token>                an execution that another one came after
//	<ns>-chunks   <ns>.c.<work>.<key>.<token>.<upload>.<n>   parts of large results
//	<ns>-state    <ns>.s.…                                   marks, scopes, workers, what was deleted
//	<ns>-tasks    <ns>.t.<pool>.<route>.<key>                a task of the queue
//
// What is stored under <ns>.r and <ns>.t is published again under <ns>.w and <ns>.q, without the
// results and arguments, to wake those who wait.
type names struct {
	ns                                   string
	calls, history, chunks, state, tasks string
}

func newNames(ns string) names {
	return names{ns: ns, calls: ns + "-calls", history: ns + "-history", chunks: ns + "-chunks", state: ns + "-state", tasks: ns + "-tasks"}
}

// checkNamespace refuses what cannot be one token of a subject, and part of the name of a stream.
func checkNamespace(ns string) error {
	for _, c := range ns {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return fmt.Errorf("namespace %q: it may have letters, digits, _ and - only", ns)
		}
	}
	return nil
}

func (n *names) call(r store.Ref) string { return n.ns + ".r." + token(r.Work) + "." + r.Key.String() }

func (n *names) wake(r store.Ref) string { return n.ns + ".w." + token(r.Work) + "." + r.Key.String() }

func (n *names) past(r store.Ref, seq uint64) string {
	return n.ns + ".h." + token(r.Work) + "." + r.Key.String() + "." + strconv.FormatUint(seq, 10)
}

// upload is what the chunks of a result have in common.
func (n *names) upload(r store.Ref, seq, upload uint64) string {
	return n.ns + ".c." + token(r.Work) + "." + r.Key.String() + "." + strconv.FormatUint(seq, 10) + "." + strconv.FormatUint(upload, 16)
}

// chunk is one of them, from 0.
func (n *names) chunk(r store.Ref, seq, upload uint64, i int) string {
	return n.upload(r, seq, upload) + "." + strconv.Itoa(i)
}

func (n *names) mark(name string) string { return n.ns + ".s.mark." + token(name) }

func (n *names) scope(work string, id scopeID) string {
	return n.ns + ".s.scope." + token(work) + "." + id.String()
}

func (n *names) deleted() string { return n.ns + ".s.deleted" }

// told is where what is stored under deleted is published again.
func (n *names) told() string { return n.ns + ".n.deleted" }

func (n *names) collector() string { return n.ns + ".s.collector" }

// task is the subject of a task; pool and route are tokens.
func (n *names) task(pool, route string, k key.Key) string {
	return n.ns + ".t." + pool + "." + route + "." + k.String()
}

// queued is where what is stored under a pool and a route is published again.
func (n *names) queued(pool, route string) string { return n.ns + ".q." + pool + "." + route + ".*" }

// arguments is the subject of the arguments of a call that are not in its record.
func (n *names) arguments(k key.Key) string { return n.ns + ".s.arguments." + k.String() }

func (n *names) worker(id uint64) string { return n.ns + ".s.worker." + strconv.FormatUint(id, 16) }

func (n *names) limit(work string) string { return n.ns + ".s.limit." + token(work) }

// refOf returns the call that a subject of the streams calls, history and chunks is about, and the
// tokens that follow.
func (n *names) refOf(subject string) (r store.Ref, rest []string, ok bool) {
	if len(subject) < len(n.ns)+3 {
		return r, nil, false
	}
	parts := strings.Split(subject[len(n.ns)+3:], ".")
	if len(parts) < 2 {
		return r, nil, false
	}
	k, err := key.Parse(parts[1])
	work, ok := untoken(parts[0])
	return store.Ref{Work: work, Key: k}, parts[2:], ok && err == nil
}

// token returns text as one token of a subject: all but letters, digits and -_/ is written as % and
// two hexadecimal digits, and nothing as a single %.
func token(text string) string {
	if text == "" {
		return "%"
	}
	plain := true
	for i := 0; i < len(text) && plain; i++ {
		plain = isPlain(text[i])
	}
	if plain {
		return text
	}
	b := make([]byte, 0, len(text)+16)
	for i := 0; i < len(text); i++ {
		if c := text[i]; isPlain(c) {
			b = append(b, c)
		} else {
			const digits = "0123456789abcdef"
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(b)
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '/'
}

// untoken is the reverse of token.
func untoken(t string) (text string, ok bool) {
	if t == "%" {
		return "", true
	}
	if !strings.Contains(t, "%") {
		return t, true
	}
	var b strings.Builder
	for i := 0; i < len(t); i++ {
		if t[i] != '%' {
			b.WriteByte(t[i])
			continue
		}
		if i+2 >= len(t) {
			return "", false
		}
		c, err := strconv.ParseUint(t[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b.WriteByte(byte(c))
		i += 2
	}
	return b.String(), true
}
