package schedule_test

import (
	"fmt"
	"time"

	"github.com/workgen/workgen/runtime/schedule"
)

func Example() {
	s := schedule.MustParse("CRON_TZ=Europe/Berlin 30 8 * * MON-FRI")
	fmt.Println(s)

	friday := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	fmt.Println("last:", s.Last(friday))
	fmt.Println("next:", s.Next(friday))
	// Output:
	// CRON_TZ=Europe/Berlin 30 8 * * 1-5
	// last: 2026-11-27 08:30:00 +0100 CET
	// next: 2026-11-30 08:30:00 +0100 CET
}

func ExampleParse() {
	_, err := schedule.Parse("0 3 31 4,6 *")
	fmt.Println(err)
	_, err = schedule.Parse("0 22-6 * * *")
	fmt.Println(err)
	// Output:
	// cron "0 3 31 4,6 *": never ticks: April and June have no day 31
	// cron "0 22-6 * * *": hour "22-6": range 22-6 runs backwards: use a list of two, such as 22-23,0-6
}

func ExampleSchedule_NextN() {
	s := schedule.MustParse("TZ=UTC 0 12 29 2 *")
	for _, tick := range s.NextN(time.Date(2095, 1, 1, 0, 0, 0, 0, time.UTC), 3) {
		fmt.Println(tick)
	}
	// Output:
	// 2096-02-29 12:00:00 +0000 UTC
	// 2104-02-29 12:00:00 +0000 UTC
	// 2108-02-29 12:00:00 +0000 UTC
}

// A process was down over the night in which clocks were put forward: half past two
// was left out, so that tick came at three.
func ExampleSchedule_Between() {
	s := schedule.MustParse("TZ=Europe/Berlin 30 2 * * *")
	stopped := s.Next(time.Date(2026, 3, 27, 12, 0, 0, 0, time.UTC))
	for missed := range s.Between(stopped, stopped.AddDate(0, 0, 3)) {
		fmt.Println(missed)
	}
	// Output:
	// 2026-03-29 03:00:00 +0200 CEST
	// 2026-03-30 02:30:00 +0200 CEST
	// 2026-03-31 02:30:00 +0200 CEST
}
