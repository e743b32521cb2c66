// Package store is where results outlive the process: the interface that every
// backend implements, its errors, and the records that explain what is kept.
//
// A store keeps one result per key, and hands out a lease per key, so that of
// all processes that miss the same call one executes it:
//
//	changed, stop := s.Watch(k) // before asking, so that nothing is missed
//	defer stop()
//	for {
//		entry, err := s.Get(ctx, k)  // a hit; or ErrNotFound, a *CorruptError: a miss
//		lease, err := s.Acquire(ctx, k)
//		// nil: execute, Renew meanwhile, then Put or Release.
//		// ErrFinished: somebody else was faster, Get again.
//		// ErrHeld: somebody else executes it, wait for changed, ask again.
//		<-changed
//	}
//
// What every backend promises, and storetest checks:
//
//   - What Get returns is what one Put was given, whole, or an error. Bytes that
//     were damaged since are a [*CorruptError], which is a miss that is reported.
//   - A result never changes. It may go (evicted, expired, deleted, unreadable);
//     then the call is a miss, and the next result is a new one.
//   - Put keeps nothing when its lease was lost. Of several leases on one key
//     over time the later one has the greater token.
//   - Once Put has returned nil, a durable store has the result whatever happens
//     to the process. When it returned an error the result may be there or not.
//   - A lease ends by Put, by Release, when somebody else acquired the key after
//     it had expired, and when its holder is known to be dead.
//
// What no backend promises:
//
//   - That Get sees the newest Put of another machine: it may be stale.
//   - That a lease is still held a moment after Acquire or Renew returned it: its
//     holder may have been suspended. Only Put decides, and a body whose effects
//     must not happen twice hands the token on to what it changes.
//   - That a call executes once: a lost lease or a dead holder means once more.
//   - That a watch is prompt or exact: it may be late, and it may wake in vain.
//   - That use counters, failures and the records of what has gone are complete.
//
// Nothing here links a database or an encoding: a program without a store pays
// nothing for this package.
package store
