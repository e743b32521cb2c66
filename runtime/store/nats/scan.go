package nats

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// scanner reads the messages of a stream, those that were stored last first, in blocks, each in
// order. Results are not read.
type scanner struct {
	s       *Store
	stream  string
	subject string // which ones, with wildcards
	prefix  string // of the keys that are wanted
	last    uint64 // of what was not read
	first   uint64 // of the stream

	// What shows that who reads for it has all messages, which replicas get a little late: the
	// subject of the last one, and its sequence number. "": nothing needs to be shown.
	proof string
	seq   uint64
}

// scan begins at the end of a stream.
func (s *Store) scan(ctx context.Context, stream, subject string) (*scanner, error) {
	info, err := s.streamInfo(ctx, stream)
	if err != nil {
		return nil, err
	}
	c := &scanner{s: s, stream: stream, subject: subject, last: info.State.LastSeq, first: max(info.State.FirstSeq, 1)}
	for range 10 {
		if c.done() || info.Config.Replicas <= 1 {
			return c, nil
		}
		m, err := s.bySeq(ctx, stream, c.last)
		if err != nil {
			return nil, err
		}
		if m != nil {
			c.proof, c.seq = m.subject, m.seq
			return c, nil
		}
		if info, err = s.streamInfo(ctx, stream); err != nil { // another one came after it
			return nil, err
		}
		c.last = info.State.LastSeq
	}
	return c, nil
}

// done tells whether all was read.
func (c *scanner) done() bool { return c.last < c.first }

// block calls f with those of the next n sequence numbers that there are messages of.
func (c *scanner) block(ctx context.Context, n uint64, f func(st *state)) error {
	from := max(c.first, c.last-min(c.last, n))
	err := c.read(ctx, jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from}, c.unpacking(ctx, f))
	if err == nil {
		c.last = from - 1
	}
	return err
}

// all calls f with all messages.
func (c *scanner) all(ctx context.Context, f func(m *message) error) error {
	return c.read(ctx, jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy}, f)
}

// unpacking returns what calls f with the states that messages have.
func (c *scanner) unpacking(ctx context.Context, f func(st *state)) func(m *message) error {
	return func(m *message) error {
		if !c.wants(m.subject) {
			return nil
		}
		st, err := c.unpack(ctx, m)
		if st != nil {
			f(st)
		}
		return err
	}
}

// wants tells whether the key of a message has the prefix.
func (c *scanner) wants(subject string) bool {
	_, rest, _ := strings.Cut(subject[len(c.s.names.ns)+3:], ".")
	return strings.HasPrefix(rest, c.prefix)
}

// since calls f with the messages that were not read and were stored since some time, which is zero
// for all.
func (c *scanner) since(ctx context.Context, at time.Time, f func(st *state)) error {
	least := c.last + 1
	config := jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy}
	if !at.IsZero() {
		config = jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &at}
	}
	err := c.read(ctx, config, c.unpacking(ctx, func(st *state) {
		least = min(least, st.seq)
		f(st)
	}))
	if err == nil {
		c.last = least - 1
	}
	return err
}

// reading is how many messages are asked for at once.
const reading = 4096

// read reads forward, up to what was read already. If a message is lost on the way it reads all
// once more, so f may be called twice with one.
func (c *scanner) read(ctx context.Context, config jetstream.ConsumerConfig, f func(m *message) error) error {
	if c.done() {
		return nil
	}
	config.HeadersOnly, config.AckPolicy = true, jetstream.AckNonePolicy
	config.MemoryStorage, config.Replicas, config.InactiveThreshold = true, 1, time.Minute
	err := c.s.again(ctx, func(_ context.Context, before int) error { // an attempt may take long
		if before > 3 {
			c.disprove(ctx)
		}
		if config.FilterSubjects = []string{c.subject}; c.proof != "" && !matches(c.subject, c.proof) {
			config.FilterSubjects = append(config.FilterSubjects, c.proof)
		}
		consumer, err := c.s.js.CreateConsumer(ctx, c.stream, config)
		if err != nil {
			return fromJetStream(err)
		}
		info := consumer.CachedInfo()
		defer func() { _ = c.s.js.DeleteConsumer(context.WithoutCancel(ctx), c.stream, info.Name) }()
		return c.fetch(ctx, consumer, int(info.NumPending), f)
	})
	c.proof = "" // what is read from now on is older
	return err
}

// disprove ceases to wait for a message that has gone.
func (c *scanner) disprove(ctx context.Context) {
	if m, err := c.s.leader(ctx, c.stream, c.proof); c.proof != "" && m == nil && err == nil {
		c.proof = ""
	}
}

// matches tells whether a pattern with wildcards stands for a subject.
func matches(pattern, subject string) bool {
	parts := strings.Split(subject, ".")
	for i, p := range strings.Split(pattern, ".") {
		if p == ">" {
			return i < len(parts)
		}
		if i >= len(parts) || p != "*" && p != parts[i] {
			return false
		}
	}
	return strings.Count(pattern, ".") == len(parts)-1
}

// errBehind says that a replica does not have all messages yet.
var errBehind = errors.New("nats: a replica is behind")

var errGap = errors.New("nats: messages were lost on the way")

func (c *scanner) fetch(ctx context.Context, consumer jetstream.Consumer, pending int, f func(m *message) error) error {
	shown := c.proof == ""
	for n := uint64(0); pending > 0; {
		if err := c.s.check(ctx); err != nil {
			return err
		}
		batch, err := consumer.FetchNoWait(min(pending, reading))
		if err != nil {
			return err
		}
		before := n
		for m := range batch.Messages() {
			meta, err := m.Metadata()
			if err != nil {
				return err
			}
			if n++; meta.Sequence.Consumer != n {
				return errGap
			}
			shown = shown || meta.Sequence.Stream >= c.seq
			if meta.Sequence.Stream > c.last {
				return nil
			}
			if m.Subject() == c.proof && !matches(c.subject, c.proof) {
				continue
			}
			err = f(&message{subject: m.Subject(), seq: meta.Sequence.Stream, at: meta.Timestamp, header: m.Headers()})
			if err != nil {
				return err
			}
		}
		if err := batch.Error(); err != nil {
			return err
		}
		if pending -= int(n - before); n == before {
			break // the rest has gone meanwhile
		}
	}
	if !shown {
		return errBehind
	}
	return nil
}

// unpack returns the state that a message has, nil if it has gone.
func (c *scanner) unpack(ctx context.Context, m *message) (*state, error) {
	ref, rest, ok := c.s.names.refOf(m.subject)
	if !ok {
		return nil, nil
	}
	st := unpack(ref, m)
	if errors.Is(st.damaged, errElsewhere) {
		whole, err := c.s.bySeq(ctx, c.stream, m.seq)
		if whole == nil || err != nil {
			return nil, err
		}
		st = unpack(ref, whole)
	}
	if len(rest) == 1 && st.damaged != nil {
		st.Seq, _ = strconv.ParseUint(rest[0], 10, 64)
	}
	return st, nil
}
