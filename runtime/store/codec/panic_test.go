package codec

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/kind"
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
	c, err := Codec{}.For(reflect.TypeFor[moody](), []kind.Kind{kind.By((*moody).MarshalBinary, (*moody).UnmarshalBinary)})
	if err != nil {
		t.Fatal(err)
	}
	wantPanic(c.Encode(&b, "s", &moody{'e'}), "cannot be written")
	wantPanic(c.Encode(&b, "s", &moody{'d'}), "cannot be read")
	b.Reset()
	if err := c.Encode(&b, "s", &moody{'x'}); err != nil {
		t.Fatal(err)
	}
	b.Bytes()[b.Len()-1] = 'd'
	var back moody
	wantPanic(c.Decode(&store.Entry{Data: b.Bytes()}, "s", &back), "cannot be read")
}
