// Package peers measures what it costs to find the identity of arguments: with
// what workgen generates (EncodeKey on a borrowed encoder, Fingerprint and its
// hash, which is all that a hit does before it looks into the table), and with
// other libraries. It is a module of its own, so that nobody who uses workgen gets
// their dependencies.
//
//	go test -run Ratios -v -ratios 20    # a table, and which bound holds: half a minute
//	go test -bench .                     # the same as ordinary benchmarks
//	go test .                            # that ours tells values apart and allocates nothing
//
// Ratios are those of the fastest peer, whether it tells values apart or not, to
// ours. Every figure is the least of many short samples of processor time. On two
// virtual cores of an Intel Xeon with SHA and AVX-512 instructions that other
// programs kept busy (ns, Go 1.26.8):
//
//	                   workgen  deephash  gohugoio  mitchellh       json      cbor  ratio  bound
//	nested struct         1232      5577     13057      79832      12899      7215    4.5    5
//	1,000 structs        10290     65537    802932    3520264     753396    317049    6.4    5
//	PodSpec               3426     14607    201611     547305      27991     26133    4.3    5
//	tree of 1,000        21286    136291    637128    2720650     229301    162554    6.4    5
//	map of 1,000         42103    216448     89870     248166     566436    266508    2.1    2.5
//	1 MiB of bytes       21656    872741  56966607  235482041    3718008   1006809   40.3   20
//	1,000,000 float64   327822   6704647  63529137  240000097  229762388  35677082   20.5   20
//
// The three that miss their bound are those with maps: a quarter of that is Go's
// own range, the rest several short passes, which suffer more from a neighbour on
// the same core than one hash that waits for itself. Of runs on this machine one
// showed 30200 for the map of 1,000 (3.5 to 105700 then) and one 2713 for the
// PodSpec (5.6), so what holds there depends on the neighbours; the nested struct
// stayed at 4.3 to 4.6.
//
// Since these figures the fingerprint of a large map sums up digests and orders
// nothing: later runs, on a slower day of the machine, gave 4.6 and 5.4 for the
// nested struct, and 2.3 and 2.5 for the map of 1,000.
//
// Hits where they should miss: gohugoio and mitchellh (64 bits wide) do not see
// the number in a Kubernetes quantity, which is not exported, and cbor does
// not see the zones of times. None refuses a shape.
package peers
