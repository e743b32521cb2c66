package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// SetupError says why a server, or what it has, cannot be used, and what to do.
type SetupError struct {
	Problem, Fix string
	Err          error // nil: none
}

func (e *SetupError) Error() string {
	if e.Err == nil {
		return e.Problem + ": " + e.Fix
	}
	return e.Problem + " (" + e.Err.Error() + "): " + e.Fix
}

// Unwrap returns Err.
func (e *SetupError) Unwrap() error { return e.Err }

// What the metadata of a stream of this package have.
const (
	kindKey    = "workgen"         // which stream it is
	versionKey = "workgen-version" // of what is in it
	version    = 1

	historyKind = "history" // the only one that may have a bound of age
)

// The oldest version of a server that this package was measured with.
const leastMajor, leastMinor = 2, 14

// prepare makes sure that the server can be used, and makes the streams where they are missing.
func (s *Store) prepare(ctx context.Context) error {
	if err := checkServer(s.nc.ConnectedServerVersion()); err != nil {
		return err
	}
	s.inline = min(chunkSize, int(s.nc.MaxPayload())/2)
	if s.inline < chunkSize/4 {
		return &SetupError{"the server takes messages of " + strconv.FormatInt(s.nc.MaxPayload(), 10) + " bytes only", "set max_payload to 1MB, which is the default", nil}
	}
	if s.o.Replicas == 0 {
		if s.o.Replicas = 1; s.nc.ConnectedClusterName() != "" {
			s.o.Replicas = 3
		}
	}
	if err := s.checkJetStream(ctx); err != nil {
		return err
	}
	streams := s.streams()
	first := streams[0] // if that is somebody else's, the others are not made
	if err := s.prepareStream(ctx, first); err != nil {
		return fmt.Errorf("stream %s: %w", first.Name, err)
	}
	streams = streams[1:]
	err := each(len(streams), len(streams), func(i int) error {
		if err := s.prepareStream(ctx, streams[i]); err != nil {
			return fmt.Errorf("stream %s: %w", streams[i].Name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.setClock(ctx)
}

// checkServer refuses servers that are too old.
func checkServer(version string) error {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	major, err := strconv.Atoi(parts[0])
	minor := 0
	if err == nil && len(parts) > 1 {
		minor, err = strconv.Atoi(parts[1])
	}
	if err != nil || major < leastMajor || major == leastMajor && minor < leastMinor {
		return &SetupError{"the server has version " + version, "upgrade it to " + strconv.Itoa(leastMajor) + "." + strconv.Itoa(leastMinor) + " or later", nil}
	}
	return nil
}

// checkJetStream makes sure that JetStream answers.
func (s *Store) checkJetStream(ctx context.Context) error {
	ask := s.again
	if s.nc.ConnectedClusterName() == "" { // there is no leader to wait for
		ask = func(ctx context.Context, f func(ctx context.Context, before int) error) error {
			return s.try(ctx, 0, f)
		}
	}
	err := ask(ctx, func(ctx context.Context, _ int) error {
		got, err := s.nc.RequestWithContext(ctx, "$JS.API.STREAM.INFO."+s.names.calls, nil)
		if err != nil {
			return err
		}
		return answered(got.Data, nil)
	})
	var api *apiError
	switch {
	case errors.As(err, &api) && api.ErrCode == codeStreamNotFound:
		return nil
	case errors.As(err, &api) && (api.ErrCode == codeNotEnabled || api.ErrCode == codeNotForAccount):
		return &SetupError{"JetStream is not enabled", `start the server with "nats-server -js", and enable JetStream for this account`, err}
	case errors.Is(err, natsgo.ErrNoResponders):
		return &SetupError{"JetStream does not answer", `start the server with "nats-server -js"; in a cluster more than half of the servers have to run`, err}
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return &SetupError{"JetStream does not answer", "let this user publish to $JS.API.STREAM.INFO." + s.names.calls + ", and subscribe to _INBOX.>", err}
	}
	return err
}

// streams returns how the streams are to be.
func (s *Store) streams() []jetstream.StreamConfig {
	n := &s.names
	base := func(kind, name, subject string) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name: name, Subjects: []string{subject}, Storage: jetstream.FileStorage, Replicas: s.o.Replicas,
			MaxMsgsPerSubject: 1, AllowDirect: true, MaxBytes: -1, MaxMsgs: -1, MaxMsgSize: -1,
			Duplicates: 100 * time.Millisecond, // messages have no ids
			Metadata:   map[string]string{kindKey: kind, versionKey: strconv.Itoa(version)},
		}
	}
	calls := base("calls", n.calls, n.ns+".r.>")
	calls.RePublish = &jetstream.RePublish{Source: n.ns + ".r.>", Destination: n.ns + ".w.>", HeadersOnly: true}
	history := base(historyKind, n.history, n.ns+".h.>")
	if s.o.History > 0 {
		history.MaxMsgs = int64(s.o.History)
	}
	if s.o.HistoryAge > 0 {
		history.MaxAge = s.o.HistoryAge
	}
	chunks := base("chunks", n.chunks, n.ns+".c.>")
	state := base("state", n.state, n.ns+".s.>")
	state.RePublish = &jetstream.RePublish{Source: n.deleted(), Destination: n.told()}
	tasks := base("tasks", n.tasks, n.ns+".t.>")
	tasks.RePublish = &jetstream.RePublish{Source: n.ns + ".t.>", Destination: n.ns + ".q.>", HeadersOnly: true}
	tasks.MaxMsgs, tasks.Discard = maxTasks, jetstream.DiscardNew
	return []jetstream.StreamConfig{calls, history, chunks, state, tasks}
}

// prepareStream makes a stream, or makes sure that the one that is there is what this package made.
func (s *Store) prepareStream(ctx context.Context, c jetstream.StreamConfig) error {
	info, err := s.streamInfo(ctx, c.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if s.o.ReadOnly {
			return &SetupError{"it is missing", "open the store once without ReadOnly, with a user who may make streams", nil}
		}
		info, err = s.makeStream(ctx, c)
	}
	if err != nil {
		return err
	}
	if c.Name == s.names.calls {
		s.replicas = max(info.Config.Replicas, 1)
	}
	return compare(info.Config, c)
}

// makeStream makes a stream. Another process may have made it meanwhile.
func (s *Store) makeStream(ctx context.Context, c jetstream.StreamConfig) (info *jetstream.StreamInfo, err error) {
	err = s.again(ctx, func(ctx context.Context, _ int) error {
		stream, err := s.js.CreateStream(ctx, c)
		if err == nil {
			info = stream.CachedInfo()
		}
		return fromJetStream(err)
	})
	var api *apiError
	switch {
	case errors.As(err, &api) && api.ErrCode == int(jetstream.JSErrCodeStreamNameInUse):
		return s.streamInfo(ctx, c.Name)
	case errors.As(err, &api) && api.ErrCode == codeOverlap:
		return nil, &SetupError{"another stream has subjects " + c.Subjects[0], "choose another Namespace, or change that stream", err}
	case errors.As(err, &api) && api.ErrCode == codeNoPeers:
		return nil, &SetupError{"there are too few servers for " + strconv.Itoa(c.Replicas) + " replicas", "start all servers of the cluster, or set Replicas", err}
	case errors.Is(err, natsgo.ErrPermissionViolation):
		return nil, &SetupError{"it is missing", "open the store once with a user who may make streams", err}
	}
	return info, err
}

// streamInfo returns jetstream.ErrStreamNotFound where a stream is missing.
func (s *Store) streamInfo(ctx context.Context, name string) (info *jetstream.StreamInfo, err error) {
	err = s.again(ctx, func(ctx context.Context, _ int) error {
		stream, err := s.js.Stream(ctx, name)
		if err == nil {
			info = stream.CachedInfo()
		}
		return fromJetStream(err)
	})
	var api *apiError
	if errors.As(err, &api) && api.ErrCode == codeStreamNotFound {
		return nil, jetstream.ErrStreamNotFound
	}
	return info, err
}

// fromJetStream returns the error of the package jetstream as one of the API's.
func fromJetStream(err error) error {
	var js jetstream.JetStreamError
	if errors.As(err, &js) && js.APIError() != nil {
		e := js.APIError()
		return &apiError{e.Code, int(e.ErrorCode), e.Description}
	}
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return &apiError{api.Code, int(api.ErrorCode), api.Description}
	}
	return err
}

// compare makes sure that a stream does what this package needs. How many servers keep it, and for
// how long the history is kept, is for who looks after the server to say.
func compare(have, want jetstream.StreamConfig) error {
	foreign := func(problem string) error {
		return &SetupError{problem, "choose another Namespace, or delete the stream if nobody needs it", nil}
	}
	if have.Metadata[kindKey] != want.Metadata[kindKey] {
		return foreign("workgen has not made it")
	}
	if v, err := strconv.Atoi(have.Metadata[versionKey]); err != nil || v > version {
		return &SetupError{"it has version " + have.Metadata[versionKey] + ", and this program knows " + strconv.Itoa(version), "upgrade workgen in this program", nil}
	}
	republishes := func(c jetstream.StreamConfig) string {
		if c.RePublish == nil {
			return ""
		}
		return fmt.Sprint(*c.RePublish)
	}
	switch {
	case len(have.Subjects) != 1 || have.Subjects[0] != want.Subjects[0] || have.Retention != want.Retention || have.Discard != want.Discard:
		return foreign("it has other subjects than workgen gave it")
	case have.MaxMsgsPerSubject != want.MaxMsgsPerSubject, !have.AllowDirect, republishes(have) != republishes(want), have.Mirror != nil, len(have.Sources) > 0:
		return &SetupError{"it was changed", "set max_msgs_per_subject, allow_direct and republish as workgen made them", nil}
	case have.MaxAge != 0 && want.Metadata[kindKey] != historyKind, have.MaxBytes > 0, have.AllowMsgTTL:
		return &SetupError{"it was changed", "unset max_age, max_bytes and allow_msg_ttl: results and leases would go that are needed; see Options.MaxAge and MaxBytes", nil}
	}
	return nil
}

// setClock asks the server for its time.
func (s *Store) setClock(ctx context.Context) error {
	var info struct {
		At time.Time `json:"ts"`
	}
	sent := s.now()
	if err := s.api(ctx, "STREAM.INFO."+s.names.calls, nil, &info); err != nil {
		return err
	}
	if info.At.IsZero() {
		return errAnswer
	}
	s.tell(sent, info.At)
	return nil
}
