// Package crashtest checks what a store promises while processes are killed and stopped, and
// while the store itself cannot be reached: real processes make the same calls through real
// runners, and what they saw is held against the store's history afterwards.
//
//	func TestMain(m *testing.M) {
//		crashtest.Child(open) // does not return in a process that a test has started
//		os.Exit(m.Run())
//	}
//
//	func open(dir string) (store.Store, error) { return disk.Open("", disk.Options{Dir: dir, Lease: lease}) }
//
//	func TestCrashes(t *testing.T) {
//		crashtest.Test(t, crashtest.Backend{Open: open, Target: t.TempDir(), Lease: lease})
//	}
//
// # Invariants
//
//  1. Between two deletes of a call there is at most one success, and what was acknowledged is
//     there in the end.
//  2. Tokens grow, and who has an older one ends nothing any more.
//  3. A result that a caller gets was made by the body that had its token, and is the one that
//     the store has. So it is with errors. After a delete nobody gets what was deleted.
//  4. In the quiet, when nothing fails any more, every execution has ended, every caller has an
//     answer, and the queue has no task.
//  5. A call executes again only after its execution failed, its process was killed, its lease
//     expired, or it was deleted: executions ≤ 1 + kills + lost leases, and so on.
//  6. Nobody waits for longer than bodies run, leases last of those who were killed or stopped,
//     and the store is out of reach, but for [Backend.Slack].
//  7. A worker executes calls of its own version of the code only, and nobody else those that
//     workers are to execute.
//
// # How it is done
//
// A test runs in rounds, and each round checks all of these. A child appends to its journal what
// it is about to do and what came of it, a line at a time, so that the journal survives its death:
// calls and what they returned, bodies and the tokens of their leases, and what the store was
// asked and has answered. Results say which execution has made them.
//
// Faults come by a schedule that a seed decides: it is logged, and -crash.seed repeats it, as far as
// the machine does. Every backend meets SIGKILL and SIGSTOP of its users; what else can fail, it
// says itself, as a [Fault], and a [Proxy] in between fails as networks do.
//
// A machine that stands still, since others use it, delays what is measured here. Such times are
// noticed, and nobody is blamed for them.
//
// # What it does not do
//
// Children use the clock of their machine: there is no telling one process another time without
// help from outside. Networks are cut by the proxy and not by namespaces, which need
// permissions that test machines seldom give, and cut nothing that the proxy does not.
package crashtest
