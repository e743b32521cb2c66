package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Header splits what Encode wrote: into the schema, and the value as CBOR, which is
// not copied. The error says so when data is of another version, or no result.
func Header(data []byte) (schema string, value []byte, err error) {
	if len(data) <= len(magic) || string(data[:len(magic)]) != magic {
		return "", nil, errors.New("is no result of this codec")
	}
	if v := data[len(magic)]; v != Version {
		return "", nil, fmt.Errorf("has version %d of the format, this program knows %d", v, Version)
	}
	rest := data[len(magic)+1:]
	n, k := binary.Uvarint(rest)
	if k <= 0 || n > uint64(len(rest)-k) {
		return "", nil, errors.New("has no whole header")
	}
	rest = rest[k:]
	return string(rest[:n]), rest[n:], nil
}
