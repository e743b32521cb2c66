// Package worker executes the calls that other processes have made with runtime.WithWorkers.
//
//	// Who asks.
//	train := NewTrainerRunner(&Trainer{}, runtime.WithStore(results), runtime.WithWorkers(results.Queue(), "gpu"))
//
//	// Who executes: another program of the same module.
//	train := NewTrainerRunner(&Trainer{GPU: open()}, runtime.WithStore(results))
//	w := worker.Worker{Queue: results.Queue(), Pools: []string{"gpu"}, Slots: 4}
//	err := w.Serve(ctx, train.Runner)
//
// A call that the store has no result of is pushed to the queue; a worker takes it, and its runner
// executes it as if it had been called there: under a lease in the store, with the runner's own
// options. What it comes to is in the store, where all who wait for it find it. The queue is a
// hint and the lease decides, so that a call has one result, whatever is lost or comes twice.
//
// # Which calls a worker takes
//
// Those of its pools whose route is that of one of its runners. A route stands for the name of the
// work, its types and code, what the program is built with, and the fields of the work that are
// inputs; fields that are marked "-" are the worker's own. So programs of an old and a new version
// run side by side, and each call is executed by workers of its own version. To deploy a new one,
// start its workers, then its callers, and stop the old workers when no old caller is left.
//
// A worker decodes the arguments and computes the key of the call from them. When that is another
// one, such as that of a file which differs on this machine, it does not execute the call: that
// goes back to the queue for a minute, and the log says so. "workgen explain" says which works can
// be executed on other machines, and why others cannot.
//
// # What happens when something dies
//
//   - A caller: what it has pushed is executed, and kept. A caller that leaves, since its context
//     has ended, takes its wish back; when nobody wants the call any more its execution is stopped, or
//     does not begin. That may take as long as the worker takes to report.
//   - A worker: others take its calls when it has not reported for the queue's lease, 30 seconds by
//     default, at once if it could still say so, and execute them when the leases of the calls have
//     ended, too. These executions are lost in the history.
//   - A worker that is cut off or paused: when another execution has the lease of its call, the
//     context of its body ends, and its result does not count.
//   - The server: calls and workers wait, and go on. See runtime.StoreTimeout for how long a call
//     waits.
//
// A body that kills its process, such as by using up the memory, is executed by one worker after
// the other. Retry with some Attempts bounds that: an execution that was lost counts.
//
// # Limits
//
// Worker.Slots bounds what one worker executes at once, and the options Concurrency and WithPool
// of its runners bound it further. runtime.MaxTasks bounds the executions of a work by all
// workers together. A body that waits for another call with its own context gives its slot back,
// so works may call each other through one pool of workers. Between two attempts at a call no slot
// is held. When a queue has as many calls as it may have, further ones wait where they were made.
//
// # Operation
//
// Run as many workers as you like, each as a service that is restarted when it ends. When ctx ends,
// as on SIGTERM, a worker takes no more calls and lets those that run end for Worker.Grace, so give it
// that time before it is killed, and a few seconds more (Kubernetes:
// terminationGracePeriodSeconds). What has not ended goes back to the queue at once.
//
// The page of an application shows the workers of its works: where they are, what they serve,
// how busy they are and when they reported last, and how many calls wait, since when. A call that
// waits for ten seconds and that nobody serves is in the log, on the page and in /healthz, with the
// routes that are served instead. The command of the store shows the same.
//
// Not promised: that effects of a body happen exactly once, that results are kept for ever, that
// stopping is prompt, the order of calls, and fairness between callers.
//
// # Trust
//
// Whoever may write to the store decides what callers get. The packages of the stores say how to
// grant rights to callers, which push calls and read results, and to workers, which write results.
// Arguments are in the queue as the store's codec writes them, secret ones included:
// connect by TLS, and use package seal where others may look into the queue.
package worker
