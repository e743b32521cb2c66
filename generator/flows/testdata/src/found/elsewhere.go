package found

import (
	"context"
	"time"
)

// Fetch is a work.
//
//workgen:work
type Fetch struct{}

// Run may wait.
func (*Fetch) Run(ctx context.Context, name string) (string, error) {
	time.Sleep(1)
	return name, nil
}

func elsewhere(ctx context.Context) error {
	time.Sleep(1) // want "time.Sleep blocks the flow"
	return nil
}
