// Package tier puts a local store in front of a shared one: the disk of a laptop or of a CI
// runner in front of the database that all machines use, or in front of a store that is baked
// into an image and can only be read.
//
//	local, err := disk.Open("daily", disk.Options{MaxAge: 30 * 24 * time.Hour})
//	shared, err := postgres.Open(ctx, postgres.Options{…})
//	results := tier.New(local, shared, tier.Options{})
//	defer results.Close() // closes both
//
// A look asks the local store first. What that does not have it asks of the shared store, all
// calls in one question, and copies into the local store. The next look finds the copy without the
// shared store: on disk in some 40 µs, eight times what it takes without a tier, since the record is
// read, too.
//
// # A shared store that can be written
//
// The shared store decides. It has the leases, the failures and attempts, the marks and the
// history, so that a call executes once for all machines. The local store is a cache of its
// results:
//
//   - End puts a result into the shared store, and then into the local one.
//   - Delete deletes in both. When another machine deletes, the shared store says so (OnDelete);
//     the tier then drops its copy, and after that tells the runners.
//   - What was deleted while this machine was off, the tier finds in the history of the shared store
//     when it is opened. Until it has done so it returns no copies, for a second at most. If the
//     shared store does not answer within that second, copies are returned as they are. The
//     tier asks again, once a minute at least, then drops what was deleted and tells the runners.
//   - A damaged copy is a miss, so the shared store is asked. Its result stays.
//   - Discard discards the copy and the original, or drops the records of both.
//   - While the shared store does not answer, copies are found. Everything else fails as it
//     would without a tier, and runtime.OnStoreFailure decides. The tier is
//     [store.Shared] if its shared store is.
//   - A local store that fails is passed over. Delete and Discard return its error, since what they
//     could not drop would be found again.
//
// # A shared store that is read only
//
// With [Options.ReadOnly] the local store decides. It has the leases, failures and marks, and
// the results of what executes here; the shared store adds its results. Copies are made and
// dropped as above.
//
//   - Delete and Discard cannot change the shared store. A mark of the local store notes which
//     result is not to be found any more: the next call executes, and its result is local. A newer
//     result of the shared store is found. There is one mark per such call, and it stays.
//   - The tier is [store.Shared] if its local store is, which one on disk is not: when a
//     store does not answer in time, calls execute by default.
//
// # Copies
//
// Small results are copied in the background, large ones while they are read; if the local store
// takes nothing for two seconds, the copy is given up. A copy is kept when the whole result was read
// and its checksum was right. Close waits for copies under way, for five seconds at most.
//
// The record of a copy is that of the shared store: where and when the call was
// executed, and with which arguments. The last line of its log says that it is a copy, of which
// record, and who has written that, if the shared store knows. While a result is being copied its
// record has the attempt 0, since nothing executes; if that fails the record stays as stopped, or as
// lost if the process died.
//
// Results with inputs that were found on the way are not copied: a call may have several.
//
// # History
//
// The history is that of the shared store. A list of the newest record of each call, without
// Limit and Before, goes on with calls whose results only the local store has, so that whoever
// deletes all calls of a list reaches these. With [Options.ReadOnly] the history is that of both
// stores, in the order of their tokens.
//
// # What is not promised
//
//   - That a result is never found again which was deleted while this machine was off, if the history
//     of the shared store does not say so: the record is too old or was dropped, or the result had
//     been evicted there before. MaxAge of the local store bounds for how long.
//   - That a result goes here which another machine has discarded, because it could not be decoded or
//     was too old there. It is discarded here when that happens here.
//   - That copies are trusted as results of the shared store are. What was copied before a store was
//     told to trust fewer writers is found still: delete it, or begin with an empty local store.
//   - That there is a copy: the local store may be full or slow, and a process may be killed.
//
// Both stores must have the same [store.Codec], since results are copied as they are. Several
// processes of one machine may share the local store. Programs may also use it without a tier: a tier
// finds the results that they put there, and never puts them into the shared store.
package tier
