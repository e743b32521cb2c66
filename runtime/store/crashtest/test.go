//go:build unix

package crashtest

import (
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var (
	seedFlag   = flag.Uint64("crash.seed", 0, "what decides the faults of a crash test; 0: the time")
	lengthFlag = flag.Duration("crash.for", 0, "how long crash tests last; 0: three seconds, a second with -short, an hour with -long")
)

// The length of a round, at most: so much is checked at once, and a violation is told so soon.
const roundLength = 30 * time.Second

// Test checks a backend, for as long as -crash.for says. TestMain must call [Child].
func Test(t *testing.T, b Backend) {
	t.Helper()
	b = b.withDefaults()
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-crash.seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var sum counts
	total := length()
	if b.Longest > 0 {
		total = min(total, b.Longest)
	}
	for left, n := total, 1; left > 0 && !t.Failed(); n++ {
		r := newRound(t, b, n, random.Uint64())
		r.length = min(left, roundLength)
		sum.add(r.run(schedule(random, &b, r.length)))
		left -= r.length
	}
	t.Log(sum)
}

// length is how long a test is to last.
func length() time.Duration {
	if *lengthFlag > 0 {
		return *lengthFlag
	}
	if long := flag.Lookup("long"); long != nil && long.Value.String() == "true" {
		return time.Hour
	}
	if testing.Short() {
		return time.Second
	}
	return 3 * time.Second
}

// newRound makes a round.
func newRound(t *testing.T, b Backend, number int, seed uint64) *round {
	start := now()
	dir, err := os.MkdirTemp("", "crashtest")
	if err != nil {
		t.Fatal(err)
	}
	r := &round{
		T: t, Backend: b, dir: dir,
		plan: plan{Round: number, Start: start, Wave: max(200*time.Millisecond, b.Lease/4), Calls: 8, Lease: b.Lease, Seed: seed},
		seen: &observed{lease: b.Lease, slack: b.Slack, processes: map[string]*process{}},
	}
	r.ctx, r.cancel = context.WithCancel(t.Context())
	return r
}

// path returns the name of a file of a process.
func (r *round) path(name, kind string) string { return filepath.Join(r.dir, name+"."+kind) }
