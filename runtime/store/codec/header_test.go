package codec

import (
	"bytes"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

func TestHeadersCanBeSplitOff(t *testing.T) {
	v := struct{ Day string }{"25"}
	var b bytes.Buffer
	if err := (Codec{}).Encode(&b, "s1", &v); err != nil {
		t.Fatal(err)
	}
	schema, value, err := Header(b.Bytes())
	if err != nil || schema != "s1" {
		t.Errorf("schema %q, %v", schema, err)
	}
	if text, err := cbor.Diagnose(value); text != `{"Day": "25"}` || err != nil {
		t.Errorf("%s, %v", text, err)
	}
	for n := range len(b.Bytes()) - len(value) {
		if schema, value, err := Header(b.Bytes()[:n]); err == nil {
			t.Errorf("of %d bytes: %q, %x", n, schema, value)
		}
	}
	other := append([]byte{}, b.Bytes()...)
	other[2] = 9
	if _, _, err := Header(other); err == nil {
		t.Error("another version was taken")
	}
	if _, _, err := Header([]byte("{}, which is JSON")); err == nil {
		t.Error("JSON was taken")
	}
}
