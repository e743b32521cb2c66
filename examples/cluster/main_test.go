//go:build unix

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/workgen/workgen/runtime/store/postgres/pgtest"
)

// TestMain is the program, if it was started as a worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-worker" {
		main()
		return
	}
	os.Exit(pgtest.Run(m))
}

func TestNothingIsLost(t *testing.T) {
	wantNothingLost(t, "the node that it runs", "-pace", "200ms")
}

func TestNothingIsLostWithPostgreSQL(t *testing.T) {
	pgtest.Need(t)
	wantNothingLost(t, "killing the server", "-store", "postgres", "-pace", "200ms")
}

func TestNothingIsLostInADatabaseOfTheUsers(t *testing.T) {
	wantNothingLost(t, "killing worker", "-store", pgtest.Database(t), "-pace", "200ms")
}

// wantNothingLost runs the program, which has to say so itself.
func wantNothingLost(t *testing.T, text string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	began := time.Now()
	err := run(t.Context(), &out, args)
	if err != nil || !strings.Contains(out.String(), "nothing was lost") || !strings.Contains(out.String(), text) {
		t.Errorf("after %v: %v\n%s", time.Since(began), err, &out)
	}
}

func TestAnAddressOfNobodyIsAnError(t *testing.T) {
	err := run(t.Context(), new(bytes.Buffer), []string{"-store", "host=/nowhere user=nobody"})
	if err == nil || !strings.Contains(err.Error(), "open store cluster") {
		t.Errorf("error %v", err)
	}
}
