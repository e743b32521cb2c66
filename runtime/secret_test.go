package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// token is the secret of all tests here.
const token = `sk live/zyxw?"`

// journal is a log that may be written to and read at once.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(j, nil)) }

// newLogin makes a work with a secret argument.
func newLogin(body func(ctx context.Context, token string) (string, error), opts ...Option) *fetch {
	return fetchOf(NewCalls(Spec[string, string, string]{
		Name: "example.com/web.Login", Schema: "s1", Code: &Code{Sum: "c1"}, Execute: body,
		Encode: func(arg *string, e *key.Encoder) {
			e.String("https://example.com/?token=" + url.QueryEscape(*arg))
			e.Next()
			e.String(*arg)
		},
		Inputs: []string{"url string", "token string"}, Secret: []string{"token"},
	}, opts...))
}

// tokenError quotes the token as the error of an HTTP client does, and has a type.
type tokenError struct{ token string }

func (e *tokenError) Error() string {
	return fmt.Sprintf("Get %q: 401", "https://example.com/?token="+url.QueryEscape(e.token))
}

// quotes reports whether a text has the token in some form.
func quotes(text string) bool {
	return strings.Contains(text, "zyxw") || strings.Contains(text, fmt.Sprint([]byte(token)))
}

// TestErrorsAreRecordedWithoutSecrets looks at everything that is left of a call that failed
// with an error, or a panic, that quotes its token.
func TestErrorsAreRecordedWithoutSecrets(t *testing.T) {
	for name, body := range map[string]func(context.Context, string) (string, error){
		"an error": func(_ context.Context, token string) (string, error) { return "", &tokenError{token} },
		"a panic":  func(_ context.Context, token string) (string, error) { panic("bad token " + token) },
		"a panic with an error": func(_ context.Context, token string) (string, error) {
			panic(fmt.Errorf("in it: %w", &tokenError{token}))
		},
		"the panic of another, passed on": func(_ context.Context, token string) (string, error) {
			return "", fmt.Errorf("wrapped: %w", &PanicError{Work: "other", Value: token, Stack: []byte("f(" + token + ")")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var log journal
				var spans []string
				s := memory.New(0)
				f := newLogin(body, WithStore(s), WithLogger(log.logger()), Retry(RetryPolicy{Attempts: 2, If: func(error) bool { return true }}),
					WithTracer(func(ctx context.Context, _ string, c CallStatus) (context.Context, func(error)) {
						return ctx, func(err error) { spans = append(spans, fmt.Sprint(err, c.Reason)) }
					}))
				defer Inspect(f.Runner).Notify(make(chan struct{}, 1))()
				_, err := f.Run(t.Context(), token)
				settled(t, f)
				if !quotes(err.Error()) {
					t.Errorf("the caller's error is %v", err)
				}
				var own *tokenError
				if strings.HasSuffix(name, "error") && (!errors.As(err, &own) || own.token != token) {
					t.Errorf("the caller's error is %#v", err)
				}
				d, _ := Inspect(f.Runner).Call(1)
				want(t, "executions", len(d.Executions), 2)
				texts := map[string]string{
					"status": fmt.Sprint(f.Status().Reason), "history": fmt.Sprint(f.History()[0].Reason),
					"arguments": fmt.Sprint(d.Args), "record": fmt.Sprintf("%+v", records(t, s)), "log": log.String(), "spans": fmt.Sprint(spans),
				}
				for i, x := range d.Executions {
					texts[fmt.Sprint("execution ", i)] = fmt.Sprintf("%v %+v", x.Err, x)
				}
				var panicked *PanicError
				if errors.As(f.Status().Reason, &panicked) {
					texts["panic"] = fmt.Sprintf("%v %s %v", panicked, panicked.Stack, panicked.Value)
				}
				want(t, "is a panic", panicked != nil, strings.Contains(name, "panic"))
				if strings.HasSuffix(name, "error") {
					want(t, "can be told apart", errors.As(f.Status().Reason, &own), true)
				}
				for where, text := range texts {
					if quotes(text) || !strings.Contains(text, "(secret)") && where != "arguments" && where != "log" {
						t.Errorf("%s: %s", where, text)
					}
				}
			})
		})
	}
}

// TestTheFailureOfASecretCallElsewhere: another process gets the text that was recorded.
func TestTheFailureOfASecretCallElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := memory.New(0)
		body := func(_ context.Context, token string) (string, error) {
			time.Sleep(time.Second)
			return "", &tokenError{token}
		}
		a, b := newLogin(body, WithStore(s.Another()), WithLogger(quiet())), newLogin(body, WithStore(s.Another()), WithLogger(quiet()))
		first := a.Start(t.Context(), token)
		time.Sleep(time.Millisecond)
		_, err := b.Run(t.Context(), token)
		var remote *RemoteError
		if !errors.As(err, &remote) || quotes(err.Error()) || !strings.Contains(remote.Text, `token=(secret)": 401`) {
			t.Errorf("got %v", err)
		}
		<-first.Done()
	})
}

// TestErrorsOfSecretCallsPassOn: works without secrets, and flows, return errors of calls
// that have some.
func TestErrorsOfSecretCallsPassOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log journal
		s := memory.New(0)
		inner := newLogin(func(_ context.Context, token string) (string, error) { return "", Permanent(&tokenError{token}) }, WithLogger(quiet()))
		outer := storing(s, func(ctx context.Context, arg string) (string, error) {
			_, err := inner.Run(ctx, token)
			return "", fmt.Errorf("%s: %w", arg, err)
		}, WithLogger(log.logger()))
		var seen error
		passes := 0
		loop := Loop{KeepGoing: true, Logger: log.logger(), Flow: func(ctx context.Context) error {
			if passes++; passes == 5 {
				return fmt.Errorf("last: %w", seen)
			}
			_, err := outer.Run(ctx, "a")
			if !errors.Is(err, ErrSuspended) {
				seen = err
			}
			return err
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_ = loop.Run(ctx)
		var own *tokenError
		want(t, "the flow got the error as it is", errors.As(seen, &own) && quotes(seen.Error()), true)
		for where, text := range map[string]string{
			"status": fmt.Sprint(outer.Status().Reason), "record": fmt.Sprintf("%+v", records(t, s)), "log": log.String(),
		} {
			if quotes(text) || !strings.Contains(text, "(secret)") {
				t.Errorf("%s: %s", where, text)
			}
		}

		once := Loop{Logger: log.logger(), Flow: func(ctx context.Context) error { return seen }}
		err := once.Run(t.Context())
		want(t, "ends with the error as it is", err, seen)
		if text := fmt.Sprint(once.Status().Err); quotes(text) || !strings.Contains(text, "(secret)") {
			t.Errorf("loop's status: %s", text)
		}
		settled(t, outer)
	})
}

// TestWhatABodySaysHasNoSecrets: progress and log lines.
func TestWhatABodySaysHasNoSecrets(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log journal
		f := newLogin(func(ctx context.Context, token string) (string, error) {
			Progress(ctx, 1, 2, "trying "+token)
			Logger(ctx).With("with", token).Warn("it is "+token, "error", &tokenError{token})
			return "", nil
		}, WithLogger(log.logger()))
		f.Run(t.Context(), token)
		want(t, "note", f.Status().Progress.Note, "trying (secret)")
		if text := log.String(); quotes(text) || strings.Count(text, "(secret)") != 3 {
			t.Errorf("log: %s", text)
		}
	})
}

// TestUserCodeThatQuotesSecrets: what is not the body.
func TestUserCodeThatQuotesSecrets(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log journal
		f := newLogin(func(_ context.Context, token string) (string, error) { return "", &tokenError{token} }, WithLogger(log.logger()),
			Retry(RetryPolicy{Attempts: 2, If: func(err error) bool { panic(err) }}),
			WithTracer(func(ctx context.Context, _ string, _ CallStatus) (context.Context, func(error)) {
				return ctx, func(err error) { panic(token) }
			}))
		f.calls.spec.CloneArgs = func(arg string) string {
			if arg != token {
				panic("cannot copy " + arg)
			}
			return arg
		}
		f.Run(t.Context(), token)
		f.Run(t.Context(), "another secret")
		if text := log.String() + fmt.Sprint(f.Status().Reason); quotes(text) || strings.Contains(text, "another") || !strings.Contains(text, "cannot copy (secret)") {
			t.Errorf("log: %s", text)
		}
	})
}

// TestAMarshallerThatQuotesASecret fails to encode it: the call executes, and inside of a
// flow it is refused.
func TestAMarshallerThatQuotesASecret(t *testing.T) {
	for _, flow := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			var log journal
			encode := func(arg *string, e *key.Encoder) { e.Appended(nil, &tokenError{*arg}) }
			identify := func(arg string) (uint64, key.Fingerprint, *key.Encoder) {
				e := key.Borrow()
				encode(&arg, e)
				id := e.Fingerprint()
				return id.Hash(), id, e
			}
			calls := NewCalls(Spec[key.Fingerprint, string, string]{
				Name: "example.com/web.Marshal", Execute: echo, Identify: identify, CloneKey: key.Fingerprint.Clone, Encode: encode,
				Inputs: []string{"token string"}, Secret: []string{"token"},
			}, WithLogger(log.logger()))
			run := func(ctx context.Context) (string, error) {
				hash, id, e := identify(token + fmt.Sprint(flow))
				return calls.Run(ctx, hash, e.Keep(id), token+fmt.Sprint(flow))
			}
			if !flow {
				wantResult(t, "got "+token+"false")(run(t.Context()))
			} else {
				loop := Loop{Logger: log.logger(), Flow: func(ctx context.Context) error {
					_, err := run(ctx)
					return err
				}}
				err := loop.Run(t.Context())
				want(t, "the caller's error quotes it", err != nil && quotes(err.Error()), true)
				want(t, "the status does", quotes(fmt.Sprint(loop.Status().Err)), false)
			}
			if text := log.String(); quotes(text) || !strings.Contains(text, "(secret)") {
				t.Errorf("flow %v: log: %s", flow, text)
			}
		})
	}
}

// TestDigestsOfSecretsAreKeyed: equal ones are equal for all who use a store, and nobody
// can make them from a guess.
func TestDigestsOfSecretsAreKeyed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		digests := func(s store.Store, tokens ...string) (list [][16]byte) {
			for _, token := range tokens {
				f := newLogin(echo, WithStore(s), WithLogger(quiet()), Name(fmt.Sprint("n", len(list), time.Now())))
				time.Sleep(time.Second)
				f.Run(t.Context(), token)
				settled(t, f)
			}
			all := records(t, s)
			for i := range all {
				list = append(list, all[len(all)-1-i].Args[1].Digest)
			}
			return list
		}
		s := memory.New(0)
		d := digests(s, "a", "a", "b")
		want(t, "equal", d[0] == d[1], true)
		want(t, "different", d[0] == d[2], false)
		other := digests(memory.New(0), "a")
		plain := key.Sum(key.Scope{Work: "token", Schema: "string"}, func(e *key.Encoder) { e.String("a") })
		want(t, "in another store", d[0] == other[0], false)
		want(t, "without the key", [16]byte(plain[:16]) == d[0] || [16]byte(plain[:16]) == other[0], false)
	})
}

// TestAStoreThatHasNoKeyForDigests is not waited for: there are others.
func TestAStoreThatHasNoKeyForDigests(t *testing.T) {
	for name, fault := range map[string]storetest.Fault{"refuses": storetest.Refuse, "hangs": storetest.Slow(time.Hour)} {
		bubble(t, func(t *testing.T) {
			s := memory.New(0)
			f := newLogin(echo, WithStore(faulty(s, storetest.Marks, fault)), WithLogger(quiet()))
			began := time.Now()
			wantResult(t, "got "+token)(f.Run(t.Context(), token))
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("%s: it took %v", name, took)
			}
			settled(t, f)
			want(t, "records", len(records(t, s)), 1)
			want(t, "a digest", records(t, s)[0].Args[1].Digest != [16]byte{}, true)
		})
	}
}

// TestSecretsThatTheBodyOverwrites are known before it runs.
func TestSecretsThatTheBodyOverwrites(t *testing.T) {
	bubble(t, func(t *testing.T) {
		calls := NewCalls(Spec[string, []byte, string]{
			Name: "example.com/web.Wipe",
			Execute: func(_ context.Context, arg []byte) (string, error) {
				err := fmt.Errorf("bad key %v, %s, %x", arg, arg, arg)
				clear(arg)
				return "", err
			},
			Inputs: []string{"key []byte"}, Secret: []string{"key"},
		})
		_, err := calls.Run(t.Context(), 1, token, []byte(token))
		if !quotes(err.Error()) {
			t.Error(err)
		}
		want(t, "reason", fmt.Sprint(calls.Runner().Status().Reason), "bad key [(secret)], (secret), (secret)")
	})
}

// TestARunnerWithSecretsShowsNone where it is an input of another work.
func TestARunnerWithSecretsShowsNone(t *testing.T) {
	type held struct {
		Password string `workgen:"key"`
	}
	type runnerOf struct {
		*Runner
		work *held
	}
	for want, f := range map[string]*fetch{
		"example.com/web.Login{(secret)}":            newLogin(echo),
		`example.com/web.Fetch{Password: "hunter2"}`: newFetch(echo),
	} {
		if got := preview.Text(&runnerOf{f.Runner, &held{"hunter2"}}, 100); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
