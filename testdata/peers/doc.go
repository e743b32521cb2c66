// Package peers measures what it costs to find the identity of arguments: with
// what workgen generates (EncodeKey on a borrowed encoder, Fingerprint and its
// hash, which is all that a hit does before it looks into the table), and with
// other libraries. It is a module of its own, so that nobody who uses workgen gets
// their dependencies. Command caches measures what comes after it: hits, misses and
// memory, beside other caches.
//
//	go test -run Ratios -v -ratios 20    # a table, and which bound holds: half a minute
//	go test -bench .                     # the same as ordinary benchmarks
//	go test .                            # that ours tells values apart and allocates nothing
//
// Ratios are those of the fastest peer, whether it tells values apart or not, to
// ours. Every figure is the least of many short samples of processor time. On two
// virtual cores of an Intel Xeon with SHA and AVX-512 instructions (ns, Go 1.26.8):
//
//	                   workgen  deephash  gohugoio  mitchellh       json      cbor  ratio  bound
//	nested struct          813      4657     10528      35363      10091      5781    5.7    5
//	1,000 structs         9004     53997    411251    1497425     335870    158652    6.0    5
//	PodSpec               2352     12047     97502     229538      23333     21898    5.1    5
//	tree of 1,000        17106    108295    312328    1122658     190943    134545    6.3    5
//	map of 1,000         24038    181412     77641     203295     322691    219093    3.2    2.5
//	1 MiB of bytes       21823    717717  29971584  117537833    1935214    821740   32.9   20
//	1,000,000 float64   276171   5532551  32438090  122919504  119134434  18798005   20.0   20
//
// Beside programs that keep both cores busy, ours loses more than the others do:
// the PodSpec went down to 4.9, and the floats, which are read as fast as the
// memory gives them, to 18.7.
//
// Hits where they should miss: gohugoio and mitchellh (64 bits wide) do not see
// the number in a Kubernetes quantity, which is not exported, and cbor does
// not see the zones of times. None refuses a shape.
package peers
