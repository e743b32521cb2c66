// Package messages has works over protobuf messages.
package messages

import (
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Request has messages in every place.
type Request struct {
	At      *timestamppb.Timestamp
	Wait    []*durationpb.Duration
	Labels  map[string]*structpb.Struct
	Nothing *structpb.Value
}

// Send takes messages.
//
//workgen:work
type Send struct{}

// Run returns what it got.
func (Send) Run(body *structpb.Struct, r Request) (*structpb.Struct, Request) { return body, r }
