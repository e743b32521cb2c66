package kind

import (
	"bytes"
	"encoding"
	"math"
	"strconv"
)

// Decimal is what a decimal number of any size has.
type Decimal interface {
	encoding.TextMarshaler
	encoding.TextUnmarshaler
}

// Quantity is for a Kubernetes resource.Quantity, whose package is not imported here: it
// is written as its exact number and its format. Its own methods round small numbers,
// and leave out the format of others. decimal turns the quantity that it is given into
// a decimal number, which a write changes; scaled makes one of n times ten to the s.
func Quantity[Q any, F ~string, S ~int32, D Decimal](decimal func(*Q) D, format func(*Q) *F, clone func(Q) Q, scaled func(n int64, s S) *Q) Kind {
	marshal := func(q *Q) ([]byte, error) {
		copied := clone(*q)
		number, err := decimal(&copied).MarshalText()
		return append(append(number, ' '), *format(q)...), err
	}
	unmarshal := func(q *Q, b []byte) error {
		number, form, _ := bytes.Cut(b, []byte{' '})
		digits, scale := number, 0
		if i := bytes.IndexByte(number, '.'); i >= 0 {
			digits, scale = append(bytes.Clone(number[:i]), number[i+1:]...), len(number)-i-1
		}
		if n, err := strconv.ParseInt(string(digits), 10, 64); err == nil && scale < math.MaxInt32 {
			*q = *scaled(n, S(-scale))
		} else if err := decimal(q).UnmarshalText(number); err != nil {
			return err
		}
		*format(q) = F(form)
		return nil
	}
	return By(marshal, unmarshal)
}
