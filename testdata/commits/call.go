// This file is put beside the works of a program.

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// A Call is one call of a work: its key, what that is made of, and what it returns now.
type Call struct{ Work, Input, Key, Schema, Code, Symbols, Build, Result string }

var (
	ctx    = context.Background()
	kept   = memory.New(time.Hour)
	stored = runtime.WithStore(kept)
	calls  []Call
)

// call executes a call of a work.
func call[R any](work, input string, k key.Key, run func() (R, error)) {
	result, err := run()
	calls = append(calls, Call{Work: work, Input: input, Key: k.String(), Result: fmt.Sprint(result, err)})
}

// tell prints the calls, with what the store has noted of them.
func tell() {
	noted := map[string]store.Record{}
	for r, err := range kept.History(ctx, store.Filter{Newest: true}) {
		if err != nil {
			panic(err)
		}
		noted[r.Key.String()] = r
	}
	for i := range calls {
		r, ok := noted[calls[i].Key]
		if !ok {
			panic("the store has nothing of work " + calls[i].Work)
		}
		calls[i].Schema, calls[i].Code, calls[i].Symbols, calls[i].Build = r.Schema, r.Code, r.Symbols, r.Build
	}
	if err := json.NewEncoder(os.Stdout).Encode(calls); err != nil {
		panic(err)
	}
}
