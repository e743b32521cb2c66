package postgres

import (
	"encoding/hex"
	"reflect"
	"testing"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Records that are stored already are read as they were written.
func TestARecordIsStoredAsEver(t *testing.T) {
	r := store.Record{
		Ref: store.Ref{Key: key.Key{1, 2, 3}}, Attempt: 2,
		Stack: "a stack", Progress: store.Progress{Done: 1, Total: 200, Note: "half"}, Log: "a log",
		Origin: store.Origin{Host: "h", PID: 70_000, Program: "p"}, Kind: store.ErrorPanic,
		Args: []store.Arg{{Name: "n", Type: "int", Text: "42", Digest: [16]byte{7}}, {Name: "token", Type: "string", Secret: true}},
	}
	text, record := pack(&r, 300)
	if got := hex.EncodeToString(record); string(text) != "42" || got != frozen {
		t.Errorf("text %s, record %s", text, got)
	}
	got := store.Record{Ref: r.Ref}
	b, _ := hex.DecodeString(frozen)
	requested, err := (&unpacker{}).unpack(&got, []byte("42"), b)
	if err != nil || requested != 300 || !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, %d, %v", got, requested, err)
	}
}

const frozen = "d80404076120737461636b0290030468616c660561206c6f670168e0c508017002016e03696e7407000000000000000000000000000000000205746f6b656e06737472696e67000000000000000000000000000000000103f63145e373286b44"
