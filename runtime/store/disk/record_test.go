package disk

import (
	"encoding/hex"
	"reflect"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Records that are stored already are read as they were written.
func TestARecordIsStoredAsEver(t *testing.T) {
	r := store.Record{
		Ref: store.Ref{Key: key.Key{1, 2, 3}}, Requested: time.UnixMicro(300).UTC(), Attempt: 2, Size: 1000, Error: "no page",
		Stack: "a stack", Retry: time.UnixMicro(5).UTC(), Progress: store.Progress{Done: 1, Total: 200, Note: "half"}, Log: "a log",
		Origin: store.Origin{Host: "h", PID: 70_000, Program: "p"}, Kind: store.ErrorPanic,
		Args: []store.Arg{{Name: "n", Type: "int", Text: "42", Digest: [16]byte{7}}, {Name: "token", Type: "string", Secret: true}},
	}
	text, record := pack(&r)
	if got := hex.EncodeToString(record); string(text) != "no page42" || got != frozen {
		t.Errorf("text %s, record %s", text, got)
	}
	got := store.Record{Ref: r.Ref}
	b, _ := hex.DecodeString(frozen)
	if err := (&unpacker{}).unpack(&got, []byte("no page42"), b); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, %v", got, err)
	}
}

const frozen = "d80404d00f07076120737461636b0a0290030468616c660561206c6f670168e0c508017002016e03696e7407000000000000000000000000000000000205746f6b656e06737472696e670000000000000000000000000000000001038dd835e208153e01"
