// Package store is where results outlive the process: the interface that every
// backend implements, its errors, and the records that explain what is kept.
//
// A store keeps one result per call, the history of executions, and one lease per call,
// so that of all processes that miss the same call one executes it:
//
//	changed, stop := s.Watch(ref) // before looking, so that nothing is missed
//	defer stop()
//	for {
//		err := s.Lookup(ctx, []store.Ref{ref}, found)
//		// found has the result: a hit. Its Latest is a failure that was not there when
//		// this was looked up first: an execution has failed while this waited for it.
//		lease, err := s.Begin(ctx, record)
//		// nil: execute, Renew meanwhile, then End as succeeded, failed or stopped.
//		// ErrFinished: somebody else was faster, look again.
//		// ErrHeld: somebody else executes it, wait for changed, look again.
//		// Any other error: ask again after a while. It may have been done.
//		<-changed
//	}
//
// storetest.Do is this loop, whole.
//
// What every backend promises, and storetest checks:
//
//   - The result that is found is what one End was given, whole, or an error. Bytes that
//     were damaged since are a [*CorruptError], which is a miss that is reported.
//   - A result never changes. It may go (evicted, expired, deleted, unreadable);
//     then the call is a miss, and the next result is a new one.
//   - End keeps nothing when its lease was lost. Of several leases on one call
//     over time the later one has the greater token.
//   - Once End has returned nil, a durable store has the result whatever happens
//     to the process. When it returned an error the result may be there or not, and End
//     can be repeated: the result is then the first one, once.
//   - A failure makes no result. It ends the lease, and is found as Latest until another
//     execution has ended, or the call is deleted. Until when its error is kept is found with it,
//     and is for who looks it up to heed: it holds nobody back who begins another execution.
//   - The history has a record of each execution, within the bounds of the store. The newest
//     of a call is its lease while it runs, and stays as long as the call has a result, or
//     is to be executed again.
//   - A lease ends by End, by Delete, when somebody else has begun another execution after
//     it had expired, and when its holder is known to be dead.
//   - A mark is changed by one at a time.
//
// What no backend promises:
//
//   - That Lookup sees the newest End of another machine: it may be stale.
//   - That a lease is still held a moment after Begin or Renew returned it: its
//     holder may have been suspended. Only End decides, and a body whose effects
//     must not happen twice hands the token on to what it changes.
//   - That a call executes once: a lost lease or a dead holder means once more.
//   - That a watch is prompt or exact: it may be late, and it may wake in vain.
//   - That use counters are complete, nor the history.
//
// The backends: package memory keeps all in one process, and package disk for all
// processes of one machine; packages postgres and nats, which are modules of their own, are for many
// machines. Package tier puts a local store in front of a shared one.
//
// Nothing here links a database or an encoding: a program without a store pays
// nothing for this package.
package store
