package failures

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func after(d time.Duration) func(int) time.Duration {
	return func(times int) time.Duration { return time.Duration(times) * d }
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// has reports whether a key is not to be tried again yet.
func has(m *Memory[string, int, string], k string, round uint64) bool {
	_, ok := m.Get(k, "r", round)
	return ok
}

// tidy tidies up, and returns what is due.
func tidy(m *Memory[string, int, string], round uint64, through bool) time.Time {
	m.Tidy("r", round, through, func(k string) bool { return k == "tried" })
	return m.Due("r", round)
}

func TestAFailureStaysUntilItMayBeTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Memory[string, int, string]
		want(t, "in an empty memory", has(&m, "a", 1), false)
		m.Add("a", 7, "r", 1, after(time.Second))
		v, ok := m.Get("a", "r", 2)
		want(t, "it is there", ok, true)
		want(t, "value", v, 7)
		want(t, "due", tidy(&m, 2, true), time.Now().Add(time.Second))
		time.Sleep(time.Second)
		want(t, "it is due", has(&m, "a", 3), false)
		m.Add("a", 8, "r", 3, after(time.Second)) // once more
		time.Sleep(time.Second)
		want(t, "it is there after the first wait", has(&m, "a", 4), true)
		time.Sleep(time.Second)
		want(t, "it is due", has(&m, "a", 5), false)
		m.Add("a", 9, "r", 5, nil)
		time.Sleep(time.Hour)
		want(t, "it is there for good", has(&m, "a", 6), true)
		want(t, "nothing is due", tidy(&m, 6, false), time.Time{})
		m.Remove("a")
		want(t, "left", m.Len(), 0)
	})
}

func TestWhatMayBeTriedBeforeItsRoundEndsIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Memory[string, int, string]
		m.Add("a", 0, "r", 1, after(time.Second))
		due := time.Now().Add(time.Second)
		want(t, "it is not to be tried yet", has(&m, "a", 2), true)
		time.Sleep(time.Minute)
		want(t, "due", tidy(&m, 2, false), due)
		want(t, "due in a round that does not ask", tidy(&m, 3, false), time.Time{})
		want(t, "it may be tried", has(&m, "a", 4), false)
		want(t, "due when it is tried", tidy(&m, 4, false), time.Time{})
		m.Add("a", 0, "r", 4, nil)
		want(t, "due for good", tidy(&m, 4, false), time.Time{})
	})
}

func TestWhatIsBeingTriedIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Memory[string, int, string]
		m.Add("tried", 0, "r", 1, after(time.Second))
		time.Sleep(time.Hour)
		tidy(&m, 2, true)
		times, _ := m.Add("tried", 0, "r", 3, after(time.Second))
		want(t, "times", times, 2)
	})
}

func TestTheFirstIsDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Memory[string, int, string]
		for i, d := range []time.Duration{3, 1, 2} {
			m.Add(strconv.Itoa(i), i, "r", 1, after(d*time.Second))
		}
		want(t, "due", tidy(&m, 1, false), time.Now().Add(time.Second))
	})
}

func TestWhatNobodyAsksForIsForgotten(t *testing.T) {
	for name, test := range map[string]struct {
		asked, through bool
		waited         time.Duration
		others         int
		left           bool
	}{
		"the round got through":         {through: true},
		"but asked for it":              {through: true, asked: true, left: true},
		"the round did not get through": {left: true},
		"it is due":                     {waited: time.Minute, left: true},
		"it is due for long":            {waited: 2*time.Minute + 1},
		"but asked for":                 {waited: time.Hour, asked: true, left: true},
		"there are many":                {others: Most},
		"there are not too many":        {others: Most - 1, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var m Memory[string, int, string]
				m.Add("a", 0, "r", 1, after(time.Minute))
				for i := range test.others {
					m.Add(strconv.Itoa(i), i, "r", 2, nil)
				}
				time.Sleep(test.waited)
				if test.asked {
					m.Get("a", "r", 2)
				}
				tidy(&m, 2, test.through)
				want(t, "left", m.RemoveAll(func(k string, _ int) bool { return k == "a" }), test.left)
				want(t, "others", m.Len(), test.others)
			})
		})
	}
}

func TestSeveralReadersRememberTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Memory[string, int, string]
		m.Add("a", 1, "r", 1, after(time.Minute))
		if _, ok := m.Get("a", "other", 7); !ok {
			t.Error("another reader does not get it")
		}
		tidy(&m, 2, true)
		want(t, "left when one does not ask any more", m.Len(), 1)
		want(t, "due for that one", m.Due("r", 2), time.Time{})
		want(t, "due for the other", m.Due("other", 8), time.Now().Add(time.Minute))
		m.Leave("other")
		want(t, "left when the other has left", m.Len(), 0)
	})
}

func TestWhatWasNeverToBeTriedAgainIsLifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m Memory[string, int, string]
		m.Add("a", 7, "r", 1, nil)
		m.Add("b", 8, "r", 1, nil)
		m.Add("c", 7, "r", 1, after(time.Hour))
		m.Lift(func(_ string, v int) bool { return v == 7 })
		want(t, "lifted", has(&m, "a", 2), false)
		want(t, "another", has(&m, "b", 2), true)
		want(t, "one that waits", has(&m, "c", 2), true)
		times, _ := m.Add("a", 7, "r", 2, nil)
		want(t, "times", times, 2)
	})
}
