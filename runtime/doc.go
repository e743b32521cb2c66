// Package runtime is what generated runners stand on: it makes equal calls of a
// work execute once, keeps their results in memory, and says what is going on.
//
// A work is a type with a Run method; a call is one work with one list of
// arguments; an execution is one time that the body of Run really ran. Every
// generated runner holds one [Calls], a table of calls both finished and
// unfinished. That one table is the cache and the single flight at once: who
// finds a finished call has a hit, who finds an unfinished one joins it, who
// finds nothing has a miss and starts an execution.
//
// What is promised:
//
//   - A hit takes no lock, reads no clock and allocates nothing.
//   - Equal calls that overlap execute once, unless [CacheCalls] is false. The
//     execution belongs to no single caller: it is cancelled when the last one
//     has left, at the work's [Timeout], by [Call.Stop] or by [Runner.Close]. A
//     caller that gives up gets its own context's error and harms nobody else.
//   - A result is only kept when the body returned it without an error before
//     its context ended. Errors reach every waiter as they are, and are only
//     kept with [CacheErrors].
//   - A panic, or a [goruntime.Goexit], in a work, or in a method that copies its
//     arguments or results, becomes an error for those who wait. One in a method that
//     encodes arguments is like an error of it: the call executes and is not kept.
//     Calls that would wait for each other for ever get a [CycleError].
//   - The number of kept results is bounded; SIEVE decides which one leaves.
//   - No caller shares memory with the cache, where the generated code can copy:
//     what fields tagged `workgen:"-"` refer to is never looked at, and shared.
//
// It does not guarantee exactly-once execution. A result may be evicted, expire or be
// forgotten, and then its call executes again.
//
// # What workgen cannot see
//
// Calls are told apart by what their arguments hold, and not by addresses: a work that
// compares pointers may get the result of another call. Pass a name, a number or a path
// instead. The documentation of the command workgen lists everything that it cannot see.
//
// # Contexts
//
// The context of an execution keeps the values of the first caller's context
// (traces, loggers) and none of its cancellation. It also says which call is
// executing, so a body must hand it on to the works it calls: only then are
// cycles seen, and is its [Concurrency] slot free while it waits for them. It
// ends when the body returns; calls which the body began with Start and nobody
// else waits for are stopped then.
//
// # Flows
//
// A [Loop] runs a flow, a function that calls works, from the top again and
// again. Inside of it, as its context says, calls do not block: those that have
// succeeded return, the others suspend the pass. The flow runs again when
// something that it saw has changed.
//
// # Looking in
//
// [Loop.Status] says what a loop waits for, [Inspect] what a runner remembers of each
// call, and [Runners] which runners there are. Listeners are told that something has
// changed, never what, so that none of them can hold anything up. Package app shows
// all that on a page.
//
// # Locks
//
// Every runner has one mutex, for everything that is not a hit. There is one
// more for the whole process, in cycle.go, and one per running loop, in
// engine.go; both are taken while a runner's is held and never the other way
// round. No user code (works, copies, encoders, observers, log handlers) ever
// runs under one of them.
//
// [goruntime.Goexit]: https://pkg.go.dev/runtime#Goexit
package runtime

// GeneratedV1 is true: this package serves code generated for version 1 of the
// interface between the two. Generated files refer to it, so that code which
// needs a newer runtime does not compile with an older one.
const GeneratedV1 = true
