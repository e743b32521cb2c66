// Package messages takes messages without a pointer.
package messages

import (
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

type Request struct {
	At   timestamppb.Timestamp
	List []structpb.Value
}

//workgen:work
type Send struct{}

func (Send) Run(r *Request) *Request { return r }
