package crons

import (
	"testing"

	"github.com/workgen/workgen/runtime/schedule"
)

func TestWrongExpressions(t *testing.T) {
	if _, err := schedule.Parse("* * *"); err == nil {
		t.Error("no error")
	}
}
