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
// virtual cores of an AMD EPYC (ns, Go 1.26.8):
//
//	                   workgen  deephash  gohugoio  mitchellh       json      cbor  ratio  bound
//	nested struct         1475      5028     12661      39573      11238      6502    3.4    5
//	1,000 structs        15810     58941    512742    1688758     371307    185929    3.7    5
//	PodSpec               3283     13360    119033     268263      27011     25828    4.1    5
//	tree of 1,000        24967    117771    397917    1288587     222237    145793    4.7    5
//	map of 1,000         46247    199184     84268     245009     367499    234008    1.8    2.5
//	1 MiB of bytes      170630    660990  49396624  175085744    1965406    714249    3.9    20
//	1,000,000 float64  1573050   5213067  58898485  250928613  244905963  30456681    3.3    20
//
// No bound holds: ours is the only one of which nobody can prepare values that collide, see
// package key. Without that, they held, and long values took a tenth.
//
// Hits where they should miss: gohugoio and mitchellh (64 bits wide) do not see
// the number in a Kubernetes quantity, which is not exported, and cbor does
// not see the zones of times. None refuses a shape.
package peers
