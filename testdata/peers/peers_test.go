package peers

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"

	"github.com/fxamacker/cbor/v2"
	gohugoio "github.com/gohugoio/hashstructure"
	mitchellh "github.com/mitchellh/hashstructure/v2"
	"tailscale.com/util/deephash"

	"github.com/workgen/workgen/runtime/key"
)

// peer is a way to identify values, applied to some arguments.
type peer struct {
	name string
	// sum returns what identifies the arguments as they are: equal with == for
	// values that are taken for equal.
	sum func() (any, error)
	// use does what sum does, and does not box what it finds.
	use func() error
}

// encodable is a pointer to arguments, as they are generated.
type encodable[T any] interface {
	*T
	EncodeKey(*key.Encoder)
}

// ours identifies args as a runner does to find a call that it has in memory.
func ours[T any, P encodable[T]](args P) peer {
	return peer{
		name: "workgen",
		sum: func() (any, error) {
			e := key.Borrow()
			defer e.Release()
			args.EncodeKey(e)
			f := e.Fingerprint()
			return f.Clone(), f.Err()
		},
		use: func() error {
			e := key.Borrow()
			args.EncodeKey(e)
			f := e.Fingerprint()
			hash = f.Hash()
			e.Release()
			return nil
		},
	}
}

// hash keeps the compiler from leaving out what makes it.
var hash uint64

// others returns what else there is, each as fast as its options allow: what can
// be made once is.
func others[T any](args *T) []peer {
	return []peer{
		deepHash(args),
		newPeer("gohugoio", func() (uint64, error) { return gohugoio.Hash(args, nil) }),
		newPeer("mitchellh", func() (uint64, error) { return mitchellh.Hash(args, mitchellh.FormatV2, nil) }),
		newPeer("json", func() ([sha256.Size]byte, error) {
			b, err := json.Marshal(args)
			return sha256.Sum256(b), err
		}),
		canonicalCBOR(args),
	}
}

func deepHash[T any](args *T) peer {
	hasher := deephash.HasherForType[T]()
	return newPeer("deephash", func() (deephash.Sum, error) { return hasher(args), nil })
}

func canonicalCBOR[T any](args *T) peer {
	mode, err := cbor.CanonicalEncOptions().UserBufferEncMode()
	if err != nil {
		panic(err) // the options are constant
	}
	var buf bytes.Buffer
	return newPeer("cbor", func() ([sha256.Size]byte, error) {
		buf.Reset()
		err := mode.MarshalToBuffer(args, &buf)
		return sha256.Sum256(buf.Bytes()), err
	})
}

// newPeer makes a peer of a function that returns a comparable sum.
func newPeer[S comparable](name string, f func() (S, error)) peer {
	return peer{
		name: name,
		sum:  func() (any, error) { return f() },
		use: func() error {
			_, err := f()
			return err
		},
	}
}
