package codec

import (
	"bytes"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime/store"
)

// moody has marshalling methods that panic when they are told to.
type moody struct{ state byte }

func (m moody) MarshalBinary() ([]byte, error) {
	if m.state == 'e' {
		panic("cannot be written")
	}
	return []byte{m.state}, nil
}

func (m *moody) UnmarshalBinary(b []byte) error {
	if b[0] == 'd' {
		panic("cannot be read")
	}
	m.state = b[0]
	return nil
}

func TestAPanicOfAMarshallingMethodIsAnError(t *testing.T) {
	var b bytes.Buffer
	wantPanic := func(err error, text string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want an error with %q", err, text)
		}
	}
	wantPanic(Codec{}.Encode(&b, "s", &moody{'e'}), "cannot be written")
	wantPanic(Codec{Verify: true}.Encode(&b, "s", &moody{'d'}), "cannot be read")
	b.Reset()
	if err := (Codec{}).Encode(&b, "s", &moody{'d'}); err != nil {
		t.Fatal(err)
	}
	var back moody
	wantPanic(Codec{}.Decode(&store.Entry{Data: b.Bytes()}, "s", &back), "cannot be read")
}
