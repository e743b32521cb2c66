package memory_test

import (
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Test(t, false, func(t *testing.T) func() store.Store {
		s := memory.New(200 * time.Millisecond)
		return func() store.Store { return s.Another() }
	})
}
