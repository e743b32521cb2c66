package key_test

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	// A hundred draws, the default, leave corners of the type model unseen; more
	// can be asked for on the command line.
	if err := flag.Set("rapid.checks", "1000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
