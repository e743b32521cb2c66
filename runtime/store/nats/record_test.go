package nats

import (
	"reflect"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// Records that are stored already are read as they were written.
func TestARecordIsStoredAsEver(t *testing.T) {
	ref := store.Ref{Work: "w", Key: key.Key{1, 2, 3}}
	at := func(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
	st := &state{
		write: 1, holder: 2, until: at(5), lease: time.Second, base: 3, seq: 11,
		result: result{form: formZstd | formChunks, stored: 900, sum: [16]byte{8}, upload: 3, chunks: 4, data: []byte{}},
	}
	st.execution = execution{scope: scopeID{6}, Record: store.Record{
		Ref: ref, Nonce: 7, Seq: 9, Status: store.Succeeded, Kind: store.ErrorPanic, Requested: at(-1), Started: at(0), Finished: at(300),
		Attempt: 2, Size: 1000, Progress: store.Progress{Done: 1, Total: 200, Note: "half"}, Origin: store.Origin{Host: "h", PID: 70_000, Program: "p"},
		Error: "no page", Stack: "a stack", Log: "a log",
		Args:   []store.Arg{{Name: "n", Type: "int", Text: "42", Digest: [16]byte{7}}, {Name: "token", Type: "string", Secret: true}},
		Inputs: []store.Input{{Kind: "file", Name: "x", Digest: [16]byte{9}}},
	}}
	st.latest = &execution{Record: store.Record{Ref: ref, Seq: 8, Error: "no"}}
	header, _ := st.pack("ns.r.w.k")
	if got := header.Get(stateHeader); got != frozen {
		t.Errorf("header %s", got)
	}
	got := unpack(ref, &message{subject: "ns.r.w.k", seq: 11, header: natsgo.Header{stateHeader: {frozen}}, data: []byte{}})
	got.at = time.Time{}
	if !reflect.DeepEqual(got, st) {
		t.Errorf("%+v", got)
	}
}

const frozen = "AQAAAAAAAAABAAAAAAAAAAIAAAAAAAAABwMMgKjWuQcJAQMGAAAAAAAAAAAAAAAAAAAAAQLaBAAAAATQDwKQA-DFCAdubyBwYWdlB2Egc3RhY2sEaGFsZgVhIGxvZwFoAXACAW4DaW50BwAAAAAAAAAAAAAAAAAAAAACNDIFdG9rZW4Gc3RyaW5nAAAAAAAAAAAAAAAAAAAAAAEBBGZpbGUBeAkAAAAAAAAAAAAAAAAAAAABCAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAm5vAAAAAAAAAAOIDggAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwTumtW1vN92qw"
