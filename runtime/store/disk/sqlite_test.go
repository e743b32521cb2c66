package disk

import (
	"strings"
	"testing"
)

// TestAStatementThatFailsIsAnErrorEachTime: it can be neither bound nor executed, and
// those after it can.
func TestAStatementThatFailsIsAnErrorEachTime(t *testing.T) {
	s := opened(t, t.TempDir(), Options{Manual: true})
	c, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for range 2 {
		if err := c.q(`SELECT ?, ? FROM nowhere`).int(1).bytes([]byte("x")).run(); err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("a table that is not there: %v", err)
		}
		for name, q := range map[string]*stmt{
			"int": c.q(`SELECT ?`).int(7).int(8), "bytes": c.q(`SELECT 1, ?`).int(7).bytes([]byte("x")),
			"no bytes": c.q(`SELECT 2, ?`).int(7).bytes(nil), "text": c.q(`SELECT 3, ?`).int(7).text("x"),
		} {
			if n, found, err := q.number(); err == nil || found {
				t.Errorf("%s for no argument: %d, %v, %v", name, n, found, err)
			}
		}
		if n, _, err := c.q(`SELECT ?`).int(7).number(); n != 7 || err != nil {
			t.Errorf("the same statement: %d, %v", n, err)
		}
	}
	if err := c.exec(`CREATE TABLE nowhere(x)`); err != nil {
		t.Fatal(err)
	}
	if err := c.q(`SELECT ?, ? FROM nowhere`).int(1).bytes([]byte("x")).run(); err != nil {
		t.Errorf("a table that is there now: %v", err)
	}
}
