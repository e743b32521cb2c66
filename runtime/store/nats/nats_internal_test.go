package nats

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

func TestVersionsOfServers(t *testing.T) {
	for version, ok := range map[string]bool{
		"2.14.0": true, "2.15.2": true, "2.20.0-beta.1": true, "3.0.0": true, "v2.14.1": true, "2.14": true,
		"2.13.9": false, "2.2.0": false, "1.99.0": false, "": false, "x.y": false,
	} {
		err := checkServer(version)
		if (err == nil) != ok {
			t.Errorf("%q: %v", version, err)
		}
		if err != nil && !strings.Contains(err.Error(), "2.14") {
			t.Errorf("%q: error %v does not say which version is needed", version, err)
		}
	}
}

func TestTokens(t *testing.T) {
	seen := map[string]string{}
	for _, text := range []string{"", "%", "example.com/daily.Fetch", "a b", "*", ">", "a.b", "a%2eb", "a%b", "größe", "\x00\xff", "A-Z_9/", "a.", ".a"} {
		got := token(text)
		if strings.ContainsAny(got, ".*> \t\r\n\x00") || got == "" {
			t.Errorf("%q is the token %q", text, got)
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%q and %q are both %q", text, other, got)
		}
		seen[got] = text
		if back, ok := untoken(got); !ok || back != text {
			t.Errorf("%q came back as %q", text, back)
		}
	}
	for _, bad := range []string{"%4", "a%", "%zz", "a%2"} {
		if text, ok := untoken(bad); ok {
			t.Errorf("%q is %q", bad, text)
		}
	}
	n := newNames("ns")
	r := store.Ref{Work: "example.com/a.B", Key: key.Key{1, 2, 3}}
	for subject, rest := range map[string]int{n.call(r): 0, n.past(r, 7): 1, n.upload(r, 7, 8): 2, n.wake(r): 0} {
		if got, more, ok := n.refOf(subject); got != r || len(more) != rest || !ok {
			t.Errorf("%s is of %v, %v, %v", subject, got, more, ok)
		}
	}
}

// TestRecordsOfAllKinds are packed and come back, unless a bit was changed.
func TestRecordsOfAllKinds(t *testing.T) {
	r := store.Ref{Work: "w", Key: key.Key{1}}
	long := strings.Repeat("a long log\n", 10_000)
	for _, log := range []string{"", "one line\n", long} {
		st := &state{write: 1, holder: 2, until: time.UnixMicro(5).UTC(), lease: time.Second, base: 3, result: result{form: 1, stored: 2, upload: 3, chunks: 4, data: []byte("data")}}
		st.Record = store.Record{Ref: r, Nonce: 7, Seq: 9, Status: store.Succeeded, Log: log, Started: time.UnixMicro(0).UTC(), Finished: time.UnixMicro(-1).UTC(), Inputs: []store.Input{{Kind: "file", Name: "x"}}}
		st.latest = &execution{Record: store.Record{Ref: r, Seq: 8, Error: "no"}}
		header, body := st.pack("ns.r.w.k")
		got := unpack(r, &message{subject: "ns.r.w.k", seq: 11, header: header, data: body})
		if got.damaged != nil || got.Log != log || got.latest.Error != "no" || string(got.data) != "data" || got.Nonce != 7 ||
			!got.Started.Equal(st.Started) || !got.Finished.Equal(st.Finished) || !got.Expires.IsZero() || got.chunks != 4 || got.seq != 11 || got.base != 3 {
			t.Errorf("%d bytes of log: %+v", len(log), got)
		}
		if st := unpack(r, &message{subject: "ns.r.w.other", header: header, data: body}); st.damaged == nil {
			t.Error("a record of another call is taken for this one's")
		}
		if len(log) == len(long) {
			if st := unpack(r, &message{subject: "ns.r.w.k", header: header}); !errors.Is(st.damaged, errElsewhere) {
				t.Errorf("without the body: %v", st.damaged)
			}
			body[len(body)/2] ^= 1
		} else {
			h := []byte(header[stateHeader][0])
			h[len(h)/2] ^= 1
			header[stateHeader][0] = string(h)
		}
		if st := unpack(r, &message{subject: "ns.r.w.k", header: header, data: body}); st.damaged == nil {
			t.Error("damage was not noticed")
		}
	}
	if st := unpack(r, &message{subject: "s"}); st.damaged == nil {
		t.Error("a message without a record has one")
	}
}

// TestLeasesOfWrongClocks: what a lease says about its end is believed as far as it fits to when it
// was stored.
func TestLeasesOfWrongClocks(t *testing.T) {
	at := time.Now()
	for until, want := range map[time.Duration]time.Duration{
		10 * time.Second: 10 * time.Second, 9500 * time.Millisecond: 9500 * time.Millisecond,
		time.Hour: 11 * time.Second, -time.Hour: 9 * time.Second,
	} {
		st := &state{at: at, until: at.Add(until), lease: 10 * time.Second}
		if got := st.expires().Sub(at); got != want {
			t.Errorf("a lease of 10 s that is said to last %v lasts %v", until, got)
		}
	}
}
