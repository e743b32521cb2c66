//go:build unix

package pgtest

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) { os.Exit(Run(m)) }

// TestAStandbyTakesOver, again and again, and has all that was committed.
func TestAStandbyTakesOver(t *testing.T) {
	p := StartPair(t)
	url := p.URL()
	Exec(t, url, "CREATE TABLE n(n int)")
	for n := range 2 {
		Exec(t, url, "INSERT INTO n VALUES(1)")
		if err := p.FailOver(50*time.Millisecond, 10*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		Exec(t, url, "INSERT INTO n VALUES(1)")
		Exec(t, url, fmt.Sprintf("DO $$ BEGIN IF (SELECT count(*) FROM n) <> %d THEN RAISE 'rows are missing'; END IF; END $$", 2*n+2))
	}
}
