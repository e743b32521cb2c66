// Package flows finds mistakes in flows, the functions that a runtime.Loop runs again
// and again.
//
// A flow is what is assigned to field Flow of a runtime.Loop, or passed to runtime.Once
// or worktest.Pass.
// What it calls with its context is part of it: functions of the same package, and
// closures. The Run method of a work is not, even where a flow calls it. In flows these
// are reported:
//
//   - errors of Run, Call.Wait, Await, All, Each and Group.Wait that are dropped, or only
//     logged: among them is the one that suspends the flow;
//   - another context than the flow's, where it is known to be another, that is given to a
//     work or to Now, Today, Cron or Var.Get;
//   - what blocks: time.Sleep, and receiving from timers, from Call.Done, and from
//     channels that were not made in the flow;
//   - arguments of works that are new on every pass: made of time.Now, of random numbers,
//     or of random UUIDs;
//   - days and hours made of time.Now that are given to a work, in a command in which
//     nothing runs a flow again: no heartbeat, no input that is read, no Loop.Wake;
//
// and everywhere outside of tests:
//
//   - constant cron expressions that are wrong.
//
// What is reported is wrong whatever the rest of the program does. So nothing is said
// where values come out of fields, parameters, other packages or several assignments;
// waiting for goroutines that the flow has started is fine, and so is a date made of
// time.Now where a flow is run again. A finding is silenced by //workgen:allow flow WHY, as warnings of works are.
package flows
