// Package worktest tests programs that are made of works and flows: it replaces bodies, presets
// results, and records what was executed, in which order, and when.
//
// The smallest useful test replaces what needs a server, and looks at what the flow did:
//
//	func TestNightly(t *testing.T) {
//		var rec worktest.Recorder
//		fetch := NewFetchRunner(&Fetch{}, rec.Option(), worktest.Call("2026-05-01").Returns([]int{1, 2}))
//		report := NewReportRunner(&Report{}, rec.Option())
//
//		err := runtime.Once(t.Context(), flow(fetch, report))
//		if err != nil {
//			t.Fatal(err)
//		}
//		want := []string{`main.Fetch("2026-05-01")`, `main.Report("2026-05-01", [1, 2])`}
//		if got := rec.Calls(); !slices.Equal(got, want) {
//			t.Errorf("executed %q, want %q", got, want)
//		}
//	}
//
// Everything is an option that the constructor of a generated runner takes, so programs under
// test should take their runners, or options for them, from outside:
//
//   - [Body] has another function executed instead of the work's Run.
//   - [Call] names calls by their arguments, and Returns or Fails what they come to.
//     [OnlyPresets] has all other calls fail.
//   - [Recorder] records executions, with arguments, results and times, as values and as text.
//
// A runner that is given several of them records first, and prefers presets to bodies. What does
// not fit the work panics where the runner is made, and the message says what would fit.
//
// # Flows and time
//
// [runtime.Once] runs a flow until it gets through. In a bubble of testing/synctest no real time
// passes: [SleepUntil] sets the clock, so that a schedule is about to tick; [Run] runs a loop for
// hours or weeks and stops it; [Start] runs it while the test goes on; [Pass] runs one pass. All
// of them wait for what the loop has begun, so that the bubble can end.
//
//	func TestTheReportIsWrittenAtThree(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			worktest.SleepUntil(t, time.Date(2026, time.May, 2, 2, 59, 0, 0, time.UTC))
//			... // make runners, here and not before
//			if err := worktest.Run(t, &runtime.Loop{Flow: flow(fetch, report)}, 2*time.Hour); err != nil {
//				t.Error(err)
//			}
//			t.Log(rec.String())
//		})
//	}
//
// A tick is set by the clock and in no other way: schedules, timeouts, retries, leases and bodies
// then agree on the time. A bubble has the local time zone of the machine, which tests should not
// depend on: give schedules a zone (CRON_TZ=Europe/Berlin).
//
// Loops and runners log to slog.Default, which is much in a long bubble: give them a logger that
// writes to t.Output(), by Loop.Logger and runtime.WithLogger, or one that discards.
//
// # Stores
//
// A memory store (package runtime/store/memory) and a disk store in t.TempDir() both work in a
// bubble. Make them in the bubble, after SleepUntil, and close them before it ends. A disk store
// that is open looks at its directory once in a second, so a day of the bubble takes about two
// seconds; close it between the nights of a long test. A restart is a second runner with the
// same store and the same options: what was stored is not executed again. See the example of a
// nightly flow.
//
// Replaced bodies and presets change the durable keys of their runner, and of works that have
// that runner as an input, so nothing of a test is ever taken for a result of the program, whatever
// store it is in. That is not so for works that reach the runner in another way, through a field
// tagged `workgen:"-"` or a package variable that the test sets: give those no store that outlives the
// test.
package worktest
