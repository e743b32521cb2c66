// Package key says which calls are the same call.
//
// It turns arguments into a canonical encoding, and the encoding into two names:
// a Fingerprint, which identifies a call inside one process and never leaves it,
// and a Key, which identifies it on every machine, architecture and release. The
// code that walks the arguments is generated, straight-line and typed: nothing
// here uses reflection, and on a hit nothing is allocated. Arguments that are
// plain numbers and strings skip the encoding altogether: generated code compares
// them with ==, strings by way of Text, and Hash finds their place in a table.
//
// # The law
//
// It may miss where it could have hit; it never hits where it should have missed.
// Given the static type of the arguments the encoding can be parsed back, so
// distinct values have distinct encodings. What is compared in the end is
//
//   - for a Fingerprint or Text of up to MaxExact bytes: the bytes themselves;
//   - for longer ones: 128 bits of XXH3 under a seed that is drawn anew in every
//     process. Two of a billion different values collide with a probability of
//     about 10^-21;
//   - for a Key: SHA-256.
//
// It refuses values that have no identity: there is no method for channels,
// functions, interfaces or unsafe pointers.
//
// # The encoding, version 1
//
// Numbers are little-endian. A length is 8 bytes. There is no padding and there
// are no type tags: the type is part of the scope of a Key, and of the place where
// a Fingerprint is looked up.
//
//	bool                    1 byte, 0 or 1
//	int8 … int64            1, 2, 4, 8 bytes, two's complement
//	uint8 … uint64          1, 2, 4, 8 bytes
//	int, uint, uintptr      8 bytes, also where they have 4 in memory
//	float32, float64        4, 8 bytes: the IEEE 754 bits
//	complex64, complex128   real part, imaginary part
//	string                  length in bytes, then the bytes
//	[]byte, []T             8 bytes: 0 for nil, else length+1; then the elements
//	[n]T                    the elements
//	*T                      1 byte: 0 for nil; else 1, then what it points to
//	struct                  the fields, in order of declaration
//	map[K]V                 8 bytes: 0 for nil, else length+1; then the entries,
//	                        key and value, in the order given below
//	time.Time               seconds since 1970 UTC (8 bytes, signed), nanoseconds
//	                        (4 bytes), offset of the zone in seconds (8 bytes,
//	                        signed), abbreviation of the zone (string), name of
//	                        the location (string)
//	frame                   length in bytes, then the bytes: around everything
//	                        that a user's EncodeKey writes
//
// So -0 differs from 0, a NaN equals itself but no NaN of other bits, a nil slice
// or map differs from an empty one, and 12:00 UTC differs from 13:00 in Berlin at
// the same instant.
//
// Map entries stand in the order of the XXH3-64 (seed 0) of the encoded key, as
// unsigned numbers; equal hashes in the lexical order of the encoded keys, and
// equal keys, which only NaN makes possible, in that of the encoded values. Each
// NaN key is an entry of its own.
//
// A Key is the SHA-256 of: Version (8 bytes); Work, Schema and Code of the Scope
// (strings); the encoding.
//
// Any change of the above needs a new Version. The vectors in vectors_test.go
// are frozen: when one of them fails, the code is wrong, not the vector.
//
// # Digests inside fingerprints
//
// In a fingerprint, and only there, a run of more than MaxExact bytes (the
// content of a string, of a []byte, of a slice or array of numbers) is hashed
// where it lies, and the 16 bytes of its digest take its place. Whether a run is
// replaced depends on its length, which is known from the bytes before it or from
// the type, so the result is no more ambiguous than the encoding. Map entries are
// then ordered by what stands in the buffer, which is another order in another
// process: a fingerprint never leaves its own.
//
// # Concurrency and memory
//
// An Encoder belongs to one goroutine at a time; Borrow, Sum and everything else
// may be used by many. Encoders are pooled with their buffers, up to 8 MiB
// each. Arguments are only read, and must not be written meanwhile.
package key
