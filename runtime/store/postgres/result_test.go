//go:build unix

package postgres_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/postgres"
	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// noise returns bytes that cannot be compressed.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, n))).Read(b)
	return b
}

// look looks up one call.
func look(t testing.TB, s store.Store, r store.Ref) store.Found {
	t.Helper()
	found := make([]store.Found, 1)
	if err := s.Lookup(ctx, []store.Ref{r}, found); err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// TestDamage: each byte that was changed, in whatever column, is a miss that is reported, and the
// next execution heals it.
func TestDamage(t *testing.T) {
	url := pgtest.Database(t)
	s := open(t, url, postgres.Options{})
	small, medium, large := []byte("small"), bytes.Repeat([]byte("medium "), 10_000), noise(700_000)
	n := 0
	for _, data := range [][]byte{small, medium, large} {
		for _, sql := range []string{
			`UPDATE workgen.result SET data = set_byte(data, length(data) / 2, get_byte(data, length(data) / 2) # 1)`,
			`UPDATE workgen.result SET sum = set_byte(sum, 3, get_byte(sum, 3) # 1)`,
			`UPDATE workgen.result SET form = form # 1`,
			`UPDATE workgen.execution SET size = size + 1 WHERE status = 1`,
			`UPDATE workgen.execution SET expires = clock_timestamp() + interval '1 day' WHERE status = 1`,
			`DELETE FROM workgen.result`,
			`UPDATE workgen.chunk SET data = set_byte(data, 1000, get_byte(data, 1000) # 1) WHERE n = 1`,
			`DELETE FROM workgen.chunk WHERE n = 2`,
			`UPDATE workgen.chunk SET n = 3 - n WHERE n IN (1, 2)`,
		} {
			if bytes.Contains([]byte(sql), []byte("chunk")) && len(data) < 1<<19 {
				continue
			}
			n++
			r := benchRef(n)
			put(t, s, r, data)
			pgtest.Exec(t, url, `ALTER TABLE workgen.chunk DROP CONSTRAINT IF EXISTS chunk_pkey; `+sql)
			f := look(t, s, r)
			if e := f.Result(); e != nil {
				_, err := io.ReadAll(e)
				if !errors.As(err, &f.Damaged) {
					t.Errorf("%s: of %d bytes: read with error %v", sql, len(data), err)
				}
				_ = e.Close()
			}
			if f.Damaged == nil || f.Damaged.Ref != r {
				t.Errorf("%s: of %d bytes: found %+v", sql, len(data), f)
			}
			if f := look(t, s, r); f.Result() != nil || f.Latest == nil || f.Latest.Status != store.Unreadable || f.Latest.Error == "" {
				t.Errorf("%s: of %d bytes: then there is %+v", sql, len(data), f)
			}
			put(t, s, r, data)
			if got := wholeOf(t, look(t, s, r)); !bytes.Equal(got, data) {
				t.Errorf("%s: of %d bytes: was not healed", sql, len(data))
			}
			if _, err := s.Delete(ctx, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	var left int
	if err := s.Connections().QueryRow(ctx, `SELECT count(*) FROM workgen.chunk`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d chunks are left, %v", left, err)
	}
}

// wholeOf reads the result that was found.
func wholeOf(t testing.TB, f store.Found) []byte {
	t.Helper()
	e := f.Result()
	if e == nil {
		t.Fatalf("found %+v", f)
	}
	defer e.Close()
	data, err := io.ReadAll(e)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDamagedRecord: a record whose bytes were changed is shown as unreadable.
func TestDamagedRecord(t *testing.T) {
	url := pgtest.Database(t)
	s := open(t, url, postgres.Options{})
	put(t, s, benchRef(1), []byte("x"))
	put(t, s, benchRef(2), []byte("x"))
	pgtest.Exec(t, url, `UPDATE workgen.execution SET record = set_byte(record, 3, get_byte(record, 3) # 1) WHERE seq = (SELECT min(seq) FROM workgen.execution)`)
	var got []store.Status
	for r, err := range s.History(ctx, store.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Status)
	}
	if len(got) != 2 || got[0] != store.Succeeded || got[1] != store.Unreadable {
		t.Errorf("%v", got)
	}
}

// TestTooLarge: a result above the bound is refused, and its lease is still held.
func TestTooLarge(t *testing.T) {
	s := open(t, pgtest.Database(t), postgres.Options{MaxResult: 600_000})
	x := store.Record{Ref: benchRef(1), Nonce: 1}
	l, err := s.Begin(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	x.Status = store.Succeeded
	for range 2 {
		if err := s.End(ctx, l, x, store.Bytes(noise(700_000))); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("error %v", err)
		}
	}
	if err := s.End(ctx, l, x, store.Bytes(noise(500_000))); err != nil {
		t.Error(err)
	}
	if got := wholeOf(t, look(t, s, benchRef(1))); !bytes.Equal(got, noise(500_000)) {
		t.Errorf("%d other bytes", len(got))
	}
}

// TestReadSlowly: a large result that is read slowly holds no connection, and who reads one that is
// deleted meanwhile is told.
func TestReadSlowly(t *testing.T) {
	s := open(t, pgtest.Database(t)+" pool_max_conns=2", postgres.Options{})
	data := noise(3 << 20)
	put(t, s, benchRef(1), data)
	var entries []*store.Entry
	for range 5 {
		f := look(t, s, benchRef(1))
		e := f.Result()
		if _, err := io.ReadFull(e, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	rest, err := io.ReadAll(entries[0])
	if err != nil || !bytes.Equal(rest, data[1000:]) {
		t.Errorf("%d other bytes, %v", len(rest), err)
	}
	if _, err := s.Delete(ctx, benchRef(1)); err != nil {
		t.Fatal(err)
	}
	var corrupt *store.CorruptError
	if _, err := io.ReadAll(entries[1]); !errors.As(err, &corrupt) {
		t.Errorf("of what was deleted: error %v", err)
	}
	for _, e := range entries {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestEndAgainWithChunks: a large result whose end was acknowledged to nobody is sent again, and
// kept once.
func TestEndAgainWithChunks(t *testing.T) {
	s := open(t, pgtest.Database(t), postgres.Options{})
	data := noise(1 << 20)
	l := put(t, s, benchRef(1), data)
	x := store.Record{Ref: benchRef(1), Nonce: 1, Status: store.Succeeded}
	if err := s.End(ctx, l, x, store.Bytes(noise(1<<21))); err != nil {
		t.Errorf("again: %v", err)
	}
	if got := wholeOf(t, look(t, s, benchRef(1))); !bytes.Equal(got, data) {
		t.Errorf("%d other bytes", len(got))
	}
	if _, err := s.Delete(ctx, benchRef(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.End(ctx, l, x, store.Bytes(data)); !errors.Is(err, store.ErrLost) {
		t.Errorf("after it was deleted: %v", err)
	}
}
