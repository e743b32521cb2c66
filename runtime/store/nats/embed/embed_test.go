package embed_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/nats"
	"github.com/workgen/workgen/runtime/store/nats/embed"
)

var ctx = context.Background()

var quiet = slog.New(slog.DiscardHandler)

var ref = store.Ref{Work: "w", Key: key.Key{1}}

func put(t *testing.T, s store.Store) {
	t.Helper()
	l, err := s.Begin(ctx, store.Record{Ref: ref, Nonce: 1})
	if err == nil {
		err = s.End(ctx, l, store.Record{Ref: ref, Status: store.Succeeded, Finished: time.Now()}, store.Bytes("result"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func wantResult(t *testing.T, s store.Store) {
	t.Helper()
	found := make([]store.Found, 1)
	if err := s.Lookup(ctx, []store.Ref{ref}, found); err != nil || found[0].Result() == nil || string(found[0].Result().Data) != "result" {
		t.Errorf("found %+v, %v", found[0], err)
	}
}

func TestOneServer(t *testing.T) {
	o := embed.Options{Dir: t.TempDir(), Logger: quiet}
	s, err := embed.Open(ctx, o, nats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s)
	if url := s.Server.URL(); url != "" {
		t.Errorf("it listens at %s", url)
	}
	if other, err := embed.Start(ctx, o); err == nil {
		t.Error("two servers use one directory")
		_ = other.Close()
	} else if !strings.Contains(err.Error(), "another process") {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.Listen = "127.0.0.1:0"
	again, err := embed.Open(ctx, o, nats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	wantResult(t, again)
	other, err := nats.Open(ctx, nats.Options{URL: again.Server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	wantResult(t, other)
}

func TestClusterOfThree(t *testing.T) {
	if testing.Short() {
		t.Skip("three servers take long")
	}
	var routes []string
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		routes = append(routes, l.Addr().String())
		_ = l.Close()
	}
	stores := make([]*embed.Store, 3)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() {
			var err error
			stores[i], err = embed.Open(ctx, embed.Options{
				Dir: t.TempDir(), Name: string(rune('a' + i)), Logger: quiet, Cluster: &embed.Cluster{Listen: routes[i], Routes: routes},
			}, nats.Options{})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	put(t, stores[0])
	if err := stores[0].Close(); err != nil {
		t.Error(err)
	}
	for _, s := range stores[1:] {
		wantResult(t, s)
	}
	if n, err := stores[1].Delete(ctx, ref); n != 1 || err != nil {
		t.Errorf("two of three servers delete %d, %v", n, err)
	}
	for _, s := range stores[1:] {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsMissing(t *testing.T) {
	for want, o := range map[string]embed.Options{
		"Dir":     {},
		"Name":    {Dir: t.TempDir(), Cluster: &embed.Cluster{Listen: "127.0.0.1:0"}},
		"address": {Dir: t.TempDir(), Name: "a", Cluster: &embed.Cluster{}},
		"port":    {Dir: t.TempDir(), Listen: "host"},
	} {
		if s, err := embed.Start(ctx, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error about %q", o, err, want)
			if err == nil {
				_ = s.Close()
			}
		}
	}
}
