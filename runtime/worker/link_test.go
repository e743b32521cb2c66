package worker_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestProgramsWithoutWorkersDoNotLinkThem: neither this package nor what package runtime has for it.
func TestProgramsWithoutWorkersDoNotLinkThem(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", program, "../../examples/props").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	symbols, err := exec.Command("go", "tool", "nm", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`workgen/runtime\.\(\*call\)\.execute`).Match(symbols) {
		t.Error("it is no program with works")
	}
	if found := regexp.MustCompile(`(?m)^.*workgen/runtime(/worker|/queue/|\.\(\*(dispatch|workers|arrival)\)).*$`).FindAll(symbols, 3); found != nil {
		t.Errorf("it links %s", found)
	}
}
