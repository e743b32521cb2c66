//go:build linux

package disk_test

import (
	"encoding/binary"
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store/disk"
)

var long = flag.Bool("long", false, "do at full length what takes long")

func init() { children["huge"] = hugeChild }

// hugeChild makes a result of many MiB, or reads it, and says how much memory that
// took at most, in MiB.
func hugeChild(s *disk.Store, _ string, mib int) {
	size := mib << 20
	c := calls(s, func(n int) ([]byte, error) {
		say("executed")
		b := make([]byte, size)
		for i := 0; i < size; i += 8 {
			binary.LittleEndian.PutUint64(b[i:], uint64(i)*0x9E3779B97F4A7C15) // does not compress
		}
		return b, nil
	}, runtime.MaxEntries(1))
	n := 1
	<-c.Start(ctx, n).Done() // Run would copy the result for its caller
	if got := *c.Hit(key.NewHash().Uint64(uint64(n)).Sum(), &n); len(got) != size || binary.LittleEndian.Uint64(got[size-8:]) != uint64(size-8)*0x9E3779B97F4A7C15 {
		say("failed:", len(got), "bytes")
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		say("failed:", err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kib, _ := strconv.Atoi(strings.Fields(after)[0])
	say("peak", kib>>10)
}

// TestAHugeResultIsNotCopiedSeveralTimes watches the memory of processes: while a
// result of 256 MiB (1 GiB with -long) goes to the disk there is what the body
// returned and the copy that is kept, and while it comes back only the latter.
func TestAHugeResultIsNotCopiedSeveralTimes(t *testing.T) {
	mib := 256
	if *long {
		mib = 1024
	}
	if slowdown > 1 {
		t.Skip("the race detector takes memory of its own")
	}
	if free := available(t); free < 3*mib {
		t.Skipf("needs %d MiB of memory, %d are available", 3*mib, free)
	}
	dir := t.TempDir()
	for i, most := range []int{2*mib + mib/4, mib + mib/4} {
		c := start(t, "huge", dir, mib)
		var lines []string
		for line := range c.lines {
			lines = append(lines, line)
		}
		executed := lines[0] == "executed"
		if executed != (i == 0) {
			t.Errorf("process %d: %q", i, lines)
		}
		peak, err := strconv.Atoi(strings.TrimPrefix(lines[len(lines)-1], "peak "))
		if err != nil || peak > most {
			t.Errorf("process %d: %q, at most %d MiB wanted", i, lines, most)
		}
		t.Logf("process %d: %q", i, lines)
	}
}

// available is the memory that is there, in MiB.
func available(t *testing.T) int {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(info), "MemAvailable:")
	kib, _ := strconv.Atoi(strings.Fields(after)[0])
	return kib >> 10
}
