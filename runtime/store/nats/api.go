package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/workgen/workgen/runtime/store"
)

// What the Store asks the server for, a message each, is asked for again while there is no leader
// or no connection: all of it may be repeated.
const (
	// patience is how long an operation may take before the server is unavailable: after a leader
	// was killed, none was to be had for up to eight seconds.
	patience = 15 * time.Second

	// attempt is how long one answer may take.
	attempt = 3 * time.Second

	// Between two attempts there is a pause.
	minPause, maxPause = 5 * time.Millisecond, 250 * time.Millisecond
)

// message is one that is stored.
type message struct {
	subject string
	seq     uint64
	at      time.Time // when it was stored, by the clock of the server
	header  natsgo.Header
	data    []byte
}

// errConflict says that the last message of a subject is not the one that was expected.
var errConflict = errors.New("nats: another message was stored meanwhile")

// apiError is an error that a server answered.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

// The codes of errors that are told apart.
const (
	codeNoPeers          = 10005
	codeNotLeader        = 10009
	codeNoMessage        = 10037
	codeNotEnabled       = 10076
	codeNotForAccount    = 10039
	codeStreamNotFound   = 10059
	codeOverlap          = 10065
	codeStoreFailed      = 10077
	codeWrongLast        = 10071
	codeWrongLastNoValue = 10164 // after a change of leaders it is mostly this one
)

func (e *apiError) Error() string {
	return "nats: " + e.Description + " (error " + strconv.Itoa(e.ErrCode) + ")"
}

// mayPass tells whether it may help to ask again.
func mayPass(err error) bool {
	var api *apiError
	if errors.As(err, &api) {
		if isFull(api) {
			return false
		}
		return api.Code == 503 && api.ErrCode != codeNotEnabled && api.ErrCode != codeNotForAccount ||
			api.ErrCode == codeNotLeader || api.ErrCode == codeNoPeers
	}
	return !errors.Is(err, natsgo.ErrConnectionClosed) && !errors.Is(err, errConflict) && !errors.Is(err, natsgo.ErrPermissionViolation) &&
		!errors.Is(err, natsgo.ErrMaxPayload) && !errors.Is(err, errAnswer)
}

// isFull tells whether a stream has as many messages as it may have.
func isFull(err *apiError) bool {
	return err.ErrCode == codeStoreFailed && strings.Contains(err.Description, "maximum messages")
}

// errAnswer says that an answer could not be understood.
var errAnswer = errors.New("nats: the answer of the server cannot be understood")

// again asks until there is an answer, or it takes too long, or the context ends. ask is told how
// often it was called before.
func (s *Store) again(ctx context.Context, ask func(ctx context.Context, before int) error) error {
	end := time.Now().Add(patience)
	pause := minPause
	denied := s.denied.Load()
	for n := 0; ; n++ {
		err := s.try(ctx, n, ask)
		if err == nil {
			return nil
		}
		if ended := s.check(ctx); ended != nil {
			return ended
		}
		if !mayPass(err) {
			return err
		}
		if now := s.denied.Load(); now != denied && errors.Is(err, context.DeadlineExceeded) {
			return *now // there is no other answer
		}
		if time.Now().Add(pause).After(end) {
			return fmt.Errorf("nats: the server is unavailable: %w", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		case <-s.running.Done():
			return store.ErrClosed
		}
		pause = min(2*pause, maxPause)
	}
}

func (s *Store) try(ctx context.Context, n int, ask func(ctx context.Context, before int) error) error {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	return ask(ctx, n)
}

// direct reads the last message of a subject from any server that has the stream, which may be an
// old one; nil is none.
func (s *Store) direct(ctx context.Context, stream, subject string) (m *message, err error) {
	err = s.again(ctx, func(ctx context.Context, _ int) (err error) {
		m, err = s.askDirect(ctx, stream, subject)
		return err
	})
	return m, err
}

func (s *Store) askDirect(ctx context.Context, stream, subject string) (*message, error) {
	answer, err := s.nc.RequestWithContext(ctx, "$JS.API.DIRECT.GET."+stream+"."+subject, nil)
	if err != nil {
		return nil, err
	}
	if status := answer.Header.Get("Status"); status != "" {
		if status == "404" {
			return nil, nil
		}
		return nil, fmt.Errorf("nats: status %s: %s", status, answer.Header.Get("Description"))
	}
	return messageOf(answer)
}

// messageOf returns the message that an answer to a direct get has.
func messageOf(answer *natsgo.Msg) (*message, error) {
	m := &message{subject: answer.Header.Get(jetstream.SubjectHeader), header: answer.Header, data: answer.Data}
	var err error
	if m.seq, err = strconv.ParseUint(answer.Header.Get(jetstream.SequenceHeader), 10, 64); err != nil {
		return nil, errAnswer
	}
	if m.at, err = time.Parse(time.RFC3339Nano, answer.Header.Get(jetstream.TimeStampHeaer)); err != nil {
		return nil, errAnswer
	}
	return m, nil
}

// leader reads the last message of a subject from the leader of the stream; nil is none.
func (s *Store) leader(ctx context.Context, stream, subject string) (*message, error) {
	return s.getFrom(ctx, stream, map[string]any{"last_by_subj": subject})
}

// bySeq reads a message from the leader; nil is none.
func (s *Store) bySeq(ctx context.Context, stream string, seq uint64) (*message, error) {
	return s.getFrom(ctx, stream, map[string]any{"seq": seq})
}

func (s *Store) getFrom(ctx context.Context, stream string, ask map[string]any) (*message, error) {
	var answer struct {
		Message *struct {
			Subject string    `json:"subject"`
			Seq     uint64    `json:"seq"`
			Header  []byte    `json:"hdrs"`
			Data    []byte    `json:"data"`
			Time    time.Time `json:"time"`
		} `json:"message"`
	}
	err := s.api(ctx, "STREAM.MSG.GET."+stream, ask, &answer)
	var api *apiError
	if errors.As(err, &api) && api.ErrCode == codeNoMessage {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if answer.Message == nil {
		return nil, errAnswer
	}
	m := &message{subject: answer.Message.Subject, seq: answer.Message.Seq, at: answer.Message.Time, data: answer.Message.Data}
	if len(answer.Message.Header) > 0 {
		if m.header, err = natsgo.DecodeHeadersMsg(answer.Message.Header); err != nil {
			return nil, errAnswer
		}
	}
	return m, nil
}

// api asks the servers for something of JetStream.
func (s *Store) api(ctx context.Context, what string, ask, answer any) error {
	var body []byte
	if ask != nil {
		var err error
		if body, err = json.Marshal(ask); err != nil {
			return err
		}
	}
	return s.again(ctx, func(ctx context.Context, _ int) error {
		got, err := s.nc.RequestWithContext(ctx, "$JS.API."+what, body)
		if err != nil {
			return err
		}
		return answered(got.Data, answer)
	})
}

// answered reads an answer of the API, which may be an error.
func answered(data []byte, answer any) error {
	var failed struct {
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(data, &failed); err != nil {
		return errAnswer
	}
	if failed.Error != nil {
		return failed.Error
	}
	if answer != nil && json.Unmarshal(data, answer) != nil {
		return errAnswer
	}
	return nil
}

// anything is an expected sequence that does not matter.
const anything = ^uint64(0)

// publish stores a message, if the last one of its subject has the sequence number that is
// expected; 0 is none. It returns errConflict otherwise. unsure says that it may have been stored
// all the same, since an answer was lost.
func (s *Store) publish(ctx context.Context, subject string, expect uint64, header natsgo.Header, data []byte) (seq uint64, unsure bool, err error) {
	if header == nil {
		header = natsgo.Header{}
	}
	if expect != anything {
		header[jetstream.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(expect, 10)}
	}
	err = s.again(ctx, func(ctx context.Context, before int) error {
		answer, err := s.nc.RequestMsgWithContext(ctx, &natsgo.Msg{Subject: subject, Header: header, Data: data})
		if err != nil {
			unsure = unsure || !errors.Is(err, natsgo.ErrNoResponders)
			return err
		}
		var ack struct {
			Seq uint64 `json:"seq"`
		}
		err = answered(answer.Data, &ack)
		var api *apiError
		switch {
		case errors.As(err, &api) && (api.ErrCode == codeWrongLast || api.ErrCode == codeWrongLastNoValue):
			return errConflict
		case err == nil && ack.Seq == 0:
			return errAnswer
		case err != nil:
			unsure = true
		}
		seq = ack.Seq
		return err
	})
	return seq, unsure, err
}

// remove drops a message, and tells whether it was there: another one of its subject may have come
// after it.
func (s *Store) remove(ctx context.Context, stream string, seq uint64) (removed bool, err error) {
	err = s.api(ctx, "STREAM.MSG.DELETE."+stream, map[string]any{"seq": seq, "no_erase": true}, nil)
	var api *apiError
	if errors.As(err, &api) && (api.ErrCode == codeNoMessage || strings.Contains(api.Description, "not found") || strings.Contains(api.Description, "no message")) {
		return false, nil
	}
	return err == nil, err
}

// purge drops all messages of a subject, which may have wildcards.
func (s *Store) purge(ctx context.Context, stream, subject string) error {
	return s.api(ctx, "STREAM.PURGE."+stream, map[string]any{"filter": subject}, nil)
}
