// Package silenced has mistakes that were meant.
package silenced

import (
	"context"
	"time"

	"github.com/workgen/workgen/runtime"
)

func silenced() {
	_ = runtime.Loop{Flow: func(ctx context.Context) error {
		time.Sleep(1) //workgen:allow flow it shows what happens
		//workgen:allow flow it shows what happens
		time.Sleep(1)
		//workgen:allow clock it shows what happens
		time.Sleep(1) // want "time.Sleep blocks the flow"
		step(ctx)
		return nil
	}}
}

// step is meant to block.
//
//workgen:allow flow it shows what happens
func step(ctx context.Context) {
	time.Sleep(1)
	select {}
}

//workgen:allow flow nothing // want "nothing here needs //workgen:allow flow"
func idle() {}
