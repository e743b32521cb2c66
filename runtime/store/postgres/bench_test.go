//go:build unix

package postgres_test

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// durable starts a server that waits for its disk.
func durable(b *testing.B) string {
	return pgtest.Start(b, "-c", "fsync=on").URL("postgres")
}

// benchRef returns one of many calls.
func benchRef(n int) store.Ref {
	return store.Ref{Work: "w", Key: key.Key(sha256.Sum256(fmt.Append(nil, n)))}
}

// put executes a call, as it were.
func put(t testing.TB, s store.Store, r store.Ref, data []byte) store.Lease {
	t.Helper()
	x := store.Record{Ref: r, Nonce: 1, Args: []store.Arg{{Name: "n", Type: "int", Text: "7"}}}
	l, err := s.Begin(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	x.Status, x.Finished = store.Succeeded, time.Now()
	if err := s.End(ctx, l, x, store.Bytes(data)); err != nil {
		t.Fatal(err)
	}
	return l
}

// BenchmarkFound looks a result up, beside a bare SELECT of one row by its primary key.
func BenchmarkFound(b *testing.B) {
	url := pgtest.Database(b)
	s := open(b, url, postgres.Options{})
	for n := range 100 {
		put(b, s, benchRef(n), make([]byte, 500))
	}
	b.Run("bare", func(b *testing.B) {
		pool := pool(b, url)
		for b.Loop() {
			var data []byte
			if err := pool.QueryRow(ctx, `SELECT data FROM workgen.result WHERE seq = $1`, 1).Scan(&data); err == nil {
				b.Fatal("there is a result")
			}
		}
	})
	b.Run("found", func(b *testing.B) {
		found := make([]store.Found, 1)
		for n := 0; b.Loop(); n++ {
			if err := s.Lookup(ctx, []store.Ref{benchRef(n % 100)}, found); err != nil || found[0].Result() == nil {
				b.Fatal("not found", err)
			}
		}
	})
}

func pool(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	p, err := pgxpool.New(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// BenchmarkBeginEndWoken executes a call for which another machine waits, until that has found the
// result, with commits that wait for the disk, beside two bare transactions that insert a row.
func BenchmarkBeginEndWoken(b *testing.B) {
	url := durable(b)
	b.Run("bare", func(b *testing.B) {
		pool := pool(b, url)
		if _, err := pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS bare (n bigserial PRIMARY KEY, data bytea)`); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			for range 2 {
				if _, err := pool.Exec(ctx, `INSERT INTO bare (data) VALUES ($1)`, make([]byte, 500)); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("woken", func(b *testing.B) {
		s, other := open(b, url, postgres.Options{}), open(b, url, postgres.Options{})
		found := make([]store.Found, 1)
		hear(b, s, other)
		for n := 0; b.Loop(); n++ {
			r := benchRef(n)
			changed, stop := other.Watch(r)
			put(b, s, r, make([]byte, 500))
			for found[0] = (store.Found{}); found[0].Result() == nil; {
				<-changed
				if err := other.Lookup(ctx, []store.Ref{r}, found); err != nil {
					b.Fatal(err)
				}
			}
			stop()
		}
	})
}

// hear waits until notifications come.
func hear(t testing.TB, s, other *postgres.Store) {
	t.Helper()
	r := store.Ref{Work: "w", Key: key.Key{0xff}}
	changed, stop := other.Watch(r)
	defer stop()
	wantSoon(t, "a notification", func() bool {
		for len(changed) > 0 {
			<-changed
		}
		if _, err := s.Delete(ctx, r); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
			return true
		case <-time.After(100 * time.Millisecond):
			return false
		}
	})
}

// wantSoon waits until something is so.
func wantSoon(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("%s: not after 30 seconds", what)
			return
		}
	}
}

// BenchmarkManyAtOnce executes 500 calls at once, with commits that wait for the disk. The bare
// transactions are as many commits on as many connections.
func BenchmarkManyAtOnce(b *testing.B) {
	const most = 500
	url := durable(b)
	all := func(do func(n int)) {
		var wg sync.WaitGroup
		for n := range most {
			wg.Go(func() { do(n) })
		}
		wg.Wait()
	}
	b.Run("bare", func(b *testing.B) {
		pool := pool(b, url)
		if _, err := pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS bare (n bigserial PRIMARY KEY, data bytea)`); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			all(func(int) {
				for range 2 {
					if _, err := pool.Exec(ctx, `INSERT INTO bare (data) VALUES ($1)`, make([]byte, 500)); err != nil {
						b.Error(err)
					}
				}
			})
		}
	})
	b.Run("calls", func(b *testing.B) {
		s := open(b, url, postgres.Options{})
		for round := 0; b.Loop(); round++ {
			all(func(n int) { put(b, s, benchRef(round*most+n), make([]byte, 500)) })
		}
	})
}
