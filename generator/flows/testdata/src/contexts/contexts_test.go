package contexts

import (
	"context"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/worktest"
)

func TestFlow(t *testing.T) {
	err := runtime.Once(t.Context(), func(ctx context.Context) error {
		_, err := probe.Run(t.Context(), 1) // want "probe.Run is given t.Context(): the call blocks"
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := probe.Run(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
}

func TestOnePass(t *testing.T) {
	_, err := worktest.Pass(t, func(ctx context.Context) error {
		time.Sleep(time.Second) // want "time.Sleep blocks the flow"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
