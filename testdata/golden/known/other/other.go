// Package other has types whose fields other packages cannot read.
package other

import (
	"encoding/binary"
	"errors"
	"strconv"
	"time"
)

// Amount can be marshalled, and copied by assignment.
type Amount struct{ units, cents int64 }

// NewAmount returns an amount.
func NewAmount(units, cents int64) Amount { return Amount{units, cents} }

// AppendBinary appends both parts.
func (a Amount) AppendBinary(b []byte) ([]byte, error) {
	b = binary.LittleEndian.AppendUint64(b, uint64(a.units))
	return binary.LittleEndian.AppendUint64(b, uint64(a.cents)), nil
}

// MarshalBinary is not used: AppendBinary is there.
func (a Amount) MarshalBinary() ([]byte, error) { return nil, errors.New("not to be called") }

// Matrix can be marshalled and copied by methods of its pointer.
type Matrix struct{ data []float64 }

// NewMatrix returns a matrix.
func NewMatrix(data ...float64) *Matrix { return &Matrix{data} }

// Data is the memory of the matrix.
func (m *Matrix) Data() []float64 { return m.data }

// MarshalText writes the numbers. It fails for an empty matrix.
func (m *Matrix) MarshalText() ([]byte, error) {
	if len(m.data) == 0 {
		return nil, errors.New("empty matrix")
	}
	var b []byte
	for _, x := range m.data {
		b = append(strconv.AppendFloat(b, x, 'g', -1, 64), ' ')
	}
	return b, nil
}

// DeepCopy copies the numbers.
func (m *Matrix) DeepCopy() *Matrix { return &Matrix{append([]float64(nil), m.data...)} }

// Money never changes once it is made.
type Money struct{ text *string }

// NewMoney returns money.
func NewMoney(text string) Money { return Money{&text} }

// MarshalJSON writes a string.
func (m Money) MarshalJSON() ([]byte, error) {
	if m.text == nil {
		return []byte("null"), nil
	}
	return strconv.AppendQuote(nil, *m.text), nil
}

// Box is generic.
type Box[T any] struct{ v T }

// NewBox returns a box.
func NewBox[T any](v T) Box[T] { return Box[T]{v} }

// MarshalText says what is in it.
func (b Box[T]) MarshalText() ([]byte, error) {
	switch v := any(b.v).(type) {
	case int:
		return strconv.AppendInt(nil, int64(v), 10), nil
	case string:
		return []byte(v), nil
	}
	return nil, errors.New("unknown type")
}

// Clone is a copy.
func (b Box[T]) Clone() Box[T] { return b }

type noCopy struct {
	_ [0]func()
	_ struct{}
}

// Padded has fields that hold nothing.
type Padded struct {
	_    struct{}
	Name string
	noCopy
	Tags  map[string]string
	extra [0]func()
	On    bool
}

// Nothing is what the hidden fields hold.
func (p *Padded) Nothing() (any, int) { return p.noCopy, len(p.extra) }

// Stamped embeds a type with marshallers, which see one field of two.
type Stamped struct {
	time.Time
	Note string
}

// Channel cannot be walked, but copied.
type Channel struct{ C chan int }

// Clone makes a channel of its own.
func (c *Channel) Clone() *Channel { return &Channel{make(chan int, cap(c.C))} }
