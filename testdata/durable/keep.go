package durable

import (
	"context"
	"fmt"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// Keep is a work that takes no time and returns 100 bytes.
//
//workgen:work
type Keep struct{}

// Run returns the result of call n.
func (*Keep) Run(_ context.Context, n int) (string, error) { return resultOf(n), nil }

func resultOf(n int) string { return fmt.Sprintf("%-100d", n) }
