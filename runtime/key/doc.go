// Package key decides which calls are equal.
//
// It turns arguments into a canonical encoding, and the encoding into two names:
// a Fingerprint, which identifies a call inside one process and never leaves it,
// and a Key, which identifies it on every machine, architecture and release. The
// code that walks the arguments is generated, straight-line and typed: nothing
// here uses reflection, and on a hit nothing is allocated. Arguments that are
// plain numbers, strings and times skip the encoding altogether: generated code
// compares them with ==, strings by way of Text and times by way of Time, and Hash
// finds their place in a table.
//
// # The law
//
// It may miss where it could have hit; it never hits where it should have missed.
// Given the static type of the arguments the encoding can be parsed back, so
// distinct values have distinct encodings. What is compared in the end is
//
//   - for a Fingerprint or Text of up to MaxExact bytes: the bytes themselves;
//   - for longer ones: the 128 bits of GMAC under a key that is drawn anew in every
//     process. Two of a billion different values collide with a probability of
//     about 10^-21, and no choice of the values raises it by more than the number of
//     their 16-byte blocks;
//   - for a Key: SHA-256.
//
// It refuses values that have no identity: there is no method for channels,
// functions or unsafe pointers. Where only the value itself tells, as when its
// marshaller fails, the encoder does (see Encoder.Fail): its fingerprint then
// equals no other one, and it has no Key.
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
//	*T                      1 byte: 0 for nil; else 1, then what it points to;
//	                        or a reference back, see below
//	struct                  the fields, in order of declaration
//	map[K]V                 8 bytes: 0 for nil, else length+1; then the entries,
//	                        key and value, in the order given below
//	time.Time               seconds since 1970 UTC (8 bytes, signed), nanoseconds
//	                        (4 bytes), offset of the zone in seconds (8 bytes,
//	                        signed), abbreviation of the zone (string), name of
//	                        the location (string)
//	interface               1 byte: 0 for nil; else 1, then the full name of the
//	                        concrete type (string), then its encoding
//	what a marshaller gave  string
//	*time.Location          1 byte: 0 for nil; else 1, then the name (string), then
//	                        the SHA-256 of its rules (32 bytes), see below
//	File                    path (string), then 1 byte: 0 if there is no such
//	                        file; else 1, then the SHA-256 of its content (32 bytes)
//	Dir                     the same, with the digest that Dir.EncodeKey describes
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
// Values of recursive types may lead back to where they come from. Pointers,
// slices and maps that can be part of such a cycle, as their types tell, are
// counted from the innermost one that the encoding is inside of, which is 1, to
// the outermost. One that is met while the encoding is inside of it is written as
// a reference back, with that number (8 bytes): a pointer as 2 and the number; a
// slice or map as ff ff ff ff ff ff ff ff, in place of the length, and the number.
// Slices are the same if place and length are; empty ones do not count. What is
// shared but no cycle is written out again at each place, for two equal values
// are one input, however they lie in memory. A value that would take for ever
// makes the encoder fail: that is when an encoder has entered 1<<20 things and
// then, of further ones, met each about 64 times on average.
//
// The rules of a location are what its clocks show from the year 1 on, and every
// change until 2440, where the name of the zone, its offset or daylight saving
// time differ from before. Each is the instant in seconds since 1970 (8 bytes,
// signed; that of year 1 for the first), the offset in seconds (8 bytes, signed),
// 1 byte for daylight saving time (0 or 1) and the abbreviation (string).
//
// A Key is the SHA-256 of: Version (8 bytes); Work, Schema and Code of the Scope
// (strings); the encoding. Where the Scope has a Build, 1<<32 is added to Version, and
// Build (string) follows Code.
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
// the type, so the result is no more ambiguous than the encoding. The
// entries of a map of up to eight are ordered by what stands in the buffer, which is
// another order in another process: a fingerprint never leaves its own.
//
// # Concurrency and memory
//
// An Encoder belongs to one goroutine at a time; Borrow, Sum and everything else
// may be used by many. Encoders are pooled with their buffers, up to 8 MiB
// each. Arguments are only read, and must not be written meanwhile. What a
// process remembers beside that is bounded: digests of files (see File) and of
// the rules of locations.
package key
