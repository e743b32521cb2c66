package peers

import (
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

var ratios = flag.Int("ratios", 0, "rounds of TestRatios; 0 leaves it out")

// TestRatios measures all of them in turn, several rounds, and prints the least
// that each has taken: what else the machine does only ever adds. It never fails
// because of a time.
func TestRatios(t *testing.T) {
	if *ratios == 0 {
		t.Skip("takes half a minute: go test -run Ratios -v -ratios 20")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	rows := make([]row, len(shapes))
	for i, s := range shapes {
		rows[i] = row{shape: s, peers: s.peers(), blind: blind(s)}
		rows[i].least = make([]result, len(rows[i].peers))
	}
	for range *ratios {
		for i := range rows {
			rows[i].round()
		}
	}
	if err := print(os.Stdout, rows); err != nil {
		t.Fatal(err)
	}
}

// row is a shape under measurement.
type row struct {
	shape
	peers []peer
	least []result // by peer; ours is the first
	blind []string // by peer: a change that it does not see
}

// result is what one peer takes for one value.
type result struct {
	nanoseconds float64
	allocs      float64
	err         error
}

// round measures every peer once more, but for those that are out of the race.
func (r *row) round() {
	const behind = 4
	for i, p := range r.peers {
		best := &r.least[i]
		if best.err == nil && (i == 0 || best.nanoseconds <= behind*r.least[r.fastest()].nanoseconds) {
			best.measure(p)
		}
	}
}

// measure takes samples that are so short that some of them are not disturbed,
// and so long that reading the clock does not count.
func (x *result) measure(p peer) {
	const sample, round = 40 * time.Microsecond, 20 * time.Millisecond
	if x.nanoseconds == 0 {
		if x.err = p.use(); x.err != nil {
			return
		}
		x.allocs = testing.AllocsPerRun(1, func() { x.err = p.use() })
		x.nanoseconds = math.MaxFloat64
	}
	for began := clock(); clock()-began < round; {
		n := max(1, int(float64(sample)/x.nanoseconds))
		from := clock()
		for range n {
			if x.err = p.use(); x.err != nil {
				return
			}
		}
		x.nanoseconds = min(x.nanoseconds, float64(clock()-from)/float64(n))
	}
}

// fastest is the index of the peer that was fastest so far, whether it sees all
// changes or not; 0 when none has been measured.
func (r *row) fastest() int {
	found := 0
	for i, x := range r.least {
		if i > 0 && x.err == nil && x.nanoseconds > 0 && (found == 0 || x.nanoseconds < r.least[found].nanoseconds) {
			found = i
		}
	}
	return found
}

// blind returns, for every peer, the first change of the shape that it does not
// see: it would hit where it should miss.
func blind(s shape) []string {
	out := make([]string, len(s.peers()))
	for i, p := range s.peers() {
		base, err := p.sum()
		if err != nil {
			continue
		}
		for j, variant := range s.variants() {
			if other, err := variant[i].sum(); err == nil && other == base && out[i] == "" {
				out[i] = s.changes[j]
			}
		}
	}
	return out
}

// print writes the table and what holds.
func print(out io.Writer, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "ns/op (allocations)\t")
	for _, p := range rows[0].peers {
		fmt.Fprint(w, p.name, "\t")
	}
	fmt.Fprintln(w, "ratio\tbound\t\t")
	var notes []string
	for _, r := range rows {
		fmt.Fprint(w, r.name, "\t")
		for i, x := range r.least {
			fmt.Fprint(w, x, "\t")
			if r.blind[i] != "" {
				notes = append(notes, fmt.Sprintf("%s, %s: hits where it should miss: %s", r.peers[i].name, r.name, r.blind[i]))
			}
		}
		at := r.fastest()
		ratio := r.least[at].nanoseconds / r.least[0].nanoseconds
		verdict := "holds"
		if ratio < r.bound || r.least[0].allocs > 0 {
			verdict = "DOES NOT HOLD"
		}
		fmt.Fprintf(w, "%.1f to %s\t%.1f\t%s\t\n", ratio, r.peers[at].name, r.bound, verdict)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, strings.Join(notes, "\n"))
	return err
}

func (x result) String() string {
	if x.err != nil {
		return "refuses"
	}
	return fmt.Sprintf("%.0f (%.0f)", x.nanoseconds, x.allocs)
}
