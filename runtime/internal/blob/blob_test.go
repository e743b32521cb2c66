package blob

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

// noise is what cannot be compressed.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// upload sends a result in chunks, and returns what is to be stored of it.
func upload(t *testing.T, result []byte, most int64) (u *Uploader, data []byte, sent [][]byte, err error) {
	t.Helper()
	u = NewUploader(10_000, most, func(n int, chunk []byte) error {
		if n != len(sent) {
			t.Errorf("chunk %d is sent after %d", n, len(sent))
		}
		sent = append(sent, bytes.Clone(chunk))
		return nil
	})
	defer u.Free()
	for part := range slices.Chunk(result, 3000) {
		if _, err = u.Write(part); err != nil {
			return u, nil, sent, err
		}
	}
	data, compressed, err := u.Finish()
	if compressed != (len(result) > CompressAbove) {
		t.Errorf("%d bytes: compressed %v", len(result), compressed)
	}
	return u, data, sent, err
}

func TestResultsComeBack(t *testing.T) {
	never := func(err error) error { t.Error(err); return err }
	for _, n := range []int{0, 1, CompressAbove, CompressAbove + 1, 9000, 10_000, 100_000, inMemory, inMemory + 1, 3 * inMemory} {
		result := noise(n)
		u, data, sent, err := upload(t, result, 0)
		if err != nil || u.Size != int64(n) || u.Sent.N != len(sent) || n > 0 && (data == nil) != (len(sent) > 0) {
			t.Fatalf("%d bytes: %v, %d bytes and %d chunks", n, err, len(data), len(sent))
		}
		e := &store.Entry{Size: int64(n), Data: data}
		if len(sent) > 0 {
			e.Body = NewBody(NewChunkReader(u.Sent, func(n int) ([]byte, error) { return sent[n], nil }), e.Size, never)
			if err := Open(&store.Entry{Size: e.Size - 1}, bytes.Join(sent, nil), never); n <= inMemory && err == nil {
				t.Errorf("%d bytes are taken for less", n)
			}
		} else if n > CompressAbove {
			if err := Open(e, data, never); err != nil {
				t.Error(err)
			}
		}
		if e.Body != nil {
			if e.Data, err = io.ReadAll(e.Body); err != nil {
				t.Error(err)
			}
			e.Body.Close()
			if _, err := e.Body.Read(make([]byte, 1)); err != os.ErrClosed {
				t.Errorf("after Close: %v", err)
			}
		}
		if !bytes.Equal(e.Data, result) {
			t.Errorf("%d bytes came back as %d others", n, len(e.Data))
		}
	}
}

func TestTooLarge(t *testing.T) {
	for most, n := range map[int64]int{100: 101, 10_000: 11_000, 50_000: 60_000} {
		if _, _, _, err := upload(t, noise(n), most); err != store.ErrTooLarge {
			t.Errorf("%d bytes of %d: %v", n, most, err)
		}
		if _, _, _, err := upload(t, noise(n), int64(n)+100); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// Of what is damaged, no reader comes to an end; what is unavailable is not taken for damaged.
func TestDamageIsSeen(t *testing.T) {
	damaged, broken := errors.New("damaged"), errors.New("no connection")
	u, _, sent, _ := upload(t, noise(100_000), 0)
	for name, c := range map[string]struct {
		want error
		all  func(c *Chunks)
		get  func(n int) ([]byte, error)
	}{
		"a chunk is missing":     {want: damaged, get: func(int) ([]byte, error) { return nil, ErrMissing }},
		"a chunk is another one": {want: damaged, get: func(int) ([]byte, error) { return sent[0], nil }},
		"there are fewer":        {want: damaged, all: func(c *Chunks) { c.N-- }},
		"another size":           {want: damaged, all: func(c *Chunks) { c.Size++ }},
		"another checksum":       {want: damaged, all: func(c *Chunks) { c.Sum[0]++ }},
		"it cannot be read":      {want: broken, get: func(int) ([]byte, error) { return nil, &Unavailable{broken} }},
		"it cannot be read on": {want: broken, get: func(n int) ([]byte, error) {
			if n == 5 {
				return nil, &Unavailable{broken}
			}
			return sent[n], nil
		}},
		"all is well": {},
	} {
		all := u.Sent
		if c.all != nil {
			c.all(&all)
		}
		if c.get == nil {
			c.get = func(n int) ([]byte, error) { return sent[n], nil }
		}
		b := NewBody(NewChunkReader(all, c.get), 100_000, func(error) error { return damaged })
		if _, err := io.ReadAll(b); err != c.want {
			t.Errorf("%s: %v", name, err)
		}
		b.Close()
	}
	for _, size := range []int64{99_999, 100_001} {
		b := NewBody(NewChunkReader(u.Sent, func(n int) ([]byte, error) { return sent[n], nil }), size, func(error) error { return damaged })
		if _, err := io.ReadAll(b); err != damaged {
			t.Errorf("of size %d: %v", size, err)
		}
		b.Close()
	}
}
