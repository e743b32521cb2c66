// Package runtime is what generated runners use: it executes equal calls of a work once,
// keeps their results in memory or in a store, and shows what goes on.
//
// A work is a type with a Run method. A call is one work with one list of arguments. An
// execution is one time that the body of Run runs. Every generated runner has one
// [Calls], a table of finished and unfinished calls, which is the cache and the single
// flight in one. A caller that finds a finished call there has a hit; one that finds an
// unfinished call joins it; one that finds nothing has a miss, and starts an execution.
//
// Every generated runner has these methods, beside those of [Runner]; what one of them says
// in full stands at the method of that name of [Calls].
//
//   - Run returns the results of a call: those that are kept, of an execution that is under
//     way, or of a new one. When its context ends first it returns the error of that, and
//     the execution goes on if others wait for it.
//   - Start does not wait. It returns the [Call], which has ended if it was a hit. Those that
//     are started at the same time are looked for in the store together; see [All].
//   - Lookup returns the results if they are kept, in memory or in the store. It executes
//     nothing.
//   - Forget drops the call, so that the next equal one is executed. Those who wait for it
//     still get its results.
//   - Key returns the durable key. It is the same on every machine until the name, the code
//     or the types of the work change, or what the program is built with.
//   - EncodeKey stands for the runner where it is an input of another work: its name, types,
//     code and options, and the fields of the work that are inputs.
//
// They may be called from many goroutines at once.
//
// Guarantees:
//
//   - A hit takes no lock, reads no clock and allocates nothing.
//   - Equal calls that overlap execute once, unless [CacheCalls] is false. No single
//     caller owns the execution: it is cancelled when the last caller has left, at the
//     work's [Timeout], by [Call.Stop] or by [Runner.Close]. A caller whose own context
//     ends gets the error of that context, and no other caller notices.
//   - A result is kept only if the body returned it without an error before its context
//     ended. All callers get the same error; it is kept only with [CacheErrors] or [CacheErrorsFunc].
//   - A panic or a [goruntime.Goexit] in a work, or in a method that copies its arguments
//     or results, becomes an error for its callers. After one in a method that encodes
//     arguments the call is executed and not kept. Calls that would wait for each other
//     for ever get a [CycleError].
//   - The number of kept results is bounded, by [MaxBytes] also the memory that they take.
//     SIEVE decides which one is evicted.
//   - Callers share no memory with the cache where the generated code can copy. What a
//     field tagged `workgen:"-"` refers to is never read, and is shared.
//
// It does not guarantee exactly-once execution. A result may be evicted, expire or be
// forgotten, and then its call executes again. So does one whose process died while it
// executed; [Retry] bounds how often.
//
// # What workgen cannot see
//
// Calls are told apart by what their arguments hold, and not by addresses: a work that
// compares pointers may get the result of another call. Pass a name, a number or a path
// instead. The documentation of the command workgen lists everything that it cannot see.
//
// # Contexts
//
// The context of an execution has the values of the first caller's context (traces,
// loggers) and not its cancellation. It also identifies the call, so a body must pass it
// to the works that it calls: only then are cycles found, and is the [Concurrency] slot
// free while the body waits. The context ends when the body returns. Calls that the body
// began with Start are then stopped, unless others wait for them.
//
// When the context ends before, by a timeout or because nobody waits any more, the body should
// return. Go cannot end it, and it keeps its slot: the log tells of a body that has not returned
// after five seconds, with its stack, and [Inspection.Ignoring] lists it.
//
// # Limits
//
// A call that is no hit waits, in this order, until its work is not paused ([Runner.Pause]), for a
// slot of its work ([Concurrency]), for one of its pool ([WithPool]), for the rate limiter
// ([RateLimit]), and with a store for the lease of the call. Then its body begins, and the time
// of [Timeout] with it. [MaxPending] refuses calls when too many wait.
//
// # Lifetimes
//
// A result is kept until it is evicted, is forgotten, or expires by [TTL]; one that is [Perishable]
// has a say in that. [RefreshAfter] has it executed again, in the background, before it expires, so
// that nobody waits, and [StaleIfError] gives it for longer when there is nothing better. [Jitter]
// spreads lifetimes. Whoever serves requests that come all the time wants all of them:
//
//	runtime.TTL(time.Minute), runtime.RefreshAfter(50*time.Second), runtime.StaleIfError(time.Hour), runtime.Jitter(0.1)
//
// [CacheErrors] and [CacheErrorsFunc] keep errors, too. ForgetFunc of a generated runner forgets
// all calls whose arguments match.
//
// # Arguments that strangers choose
//
// Bound what the clients of a server can bring about: [MaxPending] is for calls that wait, [MaxEntries]
// and [MaxBytes] are for memory, and [MaxStored] is for the store and its history of the work. Nobody
// can prepare arguments that collide.
//
// # Flows
//
// A [Loop] runs a flow, a function that calls works, from the top again and again.
// Calls with the context of a flow suspend it instead of blocking: a call that has succeeded
// returns, any other one is started, and the flow runs again when what it waits for, or
// something else that it has read, has changed. [Await], [All] and [Each] wait for many calls,
// [Group] runs parts of a flow side by side, and [Now], [Today], [Cron] and [Var] are inputs. What
// is special about code in a flow stands at [Loop]; go vet with the workgen command finds the
// usual mistakes.
//
// # Several machines
//
// Runners that share a store of several machines, such as that of package postgres, execute
// each call once, wherever it is made. With [WithWorkers], calls are executed by other processes,
// which package worker serves.
//
// # Inspection
//
// [Loop.Status] says what a loop waits for, [Inspect] what a runner knows of each call,
// and [Runners] lists the runners of the process. Listeners learn that something has
// changed and read the state themselves, so a slow listener holds nothing up. Package
// app shows all of this on a page.
//
// # Tests
//
// Package worktest replaces bodies and presets results in tests, records executions, and runs
// loops in bubbles of testing/synctest.
//
// # Locks
//
// Every runner has one mutex, for everything that is not a hit. There is one more for
// the process, for which calls wait for which, one for the failed calls of all flows, and one for
// each running loop, for each pool and for each lease. All may be taken while a runner's is held,
// and never the other way round. No user code (works, copies, encoders, errors, tracers, log
// handlers) ever runs under one of them.
//
// [goruntime.Goexit]: https://pkg.go.dev/runtime#Goexit
package runtime

// GeneratedV1 is true: this package serves code generated for version 1 of the
// interface between the two. Generated files refer to it, so that code which
// needs a newer runtime does not compile with an older one.
const GeneratedV1 = true
