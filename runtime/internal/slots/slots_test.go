package slots

import (
	"slices"
	"testing"
)

// tasks are turns of a queue with names.
type tasks struct {
	queue Queue
	turns map[string]*Turn
	began []string // in this order
}

type task struct {
	all  *tasks
	name string
}

func (t task) HasSlot() { t.all.began = append(t.all.began, t.name) }

func newTasks(limit int, names ...string) *tasks {
	all := &tasks{queue: New(limit), turns: map[string]*Turn{}}
	for _, name := range names {
		all.turns[name] = &Turn{}
		if t := (task{all, name}); all.queue.Admit(all.turns[name], t) {
			t.HasSlot()
		}
	}
	return all
}

func (all *tasks) want(t *testing.T, what string, began ...string) {
	t.Helper()
	if !slices.Equal(all.began, began) {
		t.Errorf("%s: began %v, want %v", what, all.began, began)
	}
}

// isOpen reports whether a goroutine may go on; nil is at once.
func isOpen(resume <-chan struct{}) bool {
	select {
	case <-resume:
		return true
	default:
		return resume == nil
	}
}

func TestTasksTakeTurns(t *testing.T) {
	all := newTasks(2, "a", "b", "c", "d")
	all.want(t, "two slots", "a", "b")
	all.queue.End(all.turns["b"])
	all.want(t, "one is over", "a", "b", "c")
	all.queue.Leave(all.turns["d"])
	all.queue.End(all.turns["a"])
	all.want(t, "the next has left", "a", "b", "c")
	if used, resuming, pending := all.queue.Count(); used != 1 || resuming+pending != 0 {
		t.Errorf("%d slots used, %d and %d wait, want 1, 0 and 0", used, resuming, pending)
	}
	if !all.turns["a"].Over() || all.turns["c"].Over() {
		t.Error("a is over, and c is not")
	}
}

func TestAQueueWithoutALimitLetsAllBegin(t *testing.T) {
	all := newTasks(0, "a", "b", "c")
	all.want(t, "no limit", "a", "b", "c")
	all.queue.Pause(all.turns["a"])
	if !isOpen(all.queue.GoOn(all.turns["a"])) {
		t.Error("a has to wait")
	}
}

func TestATaskThatGoesOnComesBeforeThoseThatBegin(t *testing.T) {
	all := newTasks(1, "a", "b", "c")
	all.queue.Pause(all.turns["a"])
	all.want(t, "a waits for another", "a", "b")
	resume := all.queue.GoOn(all.turns["a"])
	if isOpen(resume) || !all.turns["a"].Waits() {
		t.Error("a goes on without a slot")
	}
	all.queue.End(all.turns["b"])
	if !isOpen(resume) || all.turns["a"].Waits() {
		t.Error("a does not go on")
	}
	all.want(t, "a has the slot", "a", "b")
	all.queue.End(all.turns["a"])
	all.want(t, "a is over", "a", "b", "c")
}

func TestATaskThatWaitsInSeveralGoroutinesGoesOnAfterTheLast(t *testing.T) {
	all := newTasks(1, "a", "b")
	all.queue.Pause(all.turns["a"])
	all.queue.Pause(all.turns["a"])
	all.queue.End(all.turns["b"])
	if !isOpen(all.queue.GoOn(all.turns["a"])) {
		t.Error("the first goroutine waits for a slot")
	}
	if used, _, _ := all.queue.Count(); used != 0 {
		t.Errorf("%d slots used, want none while a goroutine waits", used)
	}
	if !isOpen(all.queue.GoOn(all.turns["a"])) {
		t.Error("the second goroutine does not get the free slot")
	}
}

func TestAGoroutineOfATaskThatIsOverNeedsNoSlot(t *testing.T) {
	all := newTasks(1, "a", "b")
	all.queue.Pause(all.turns["a"])
	waiting := all.queue.GoOn(all.turns["a"])
	all.queue.End(all.turns["a"])
	if !isOpen(waiting) {
		t.Error("a goroutine that was waiting does not go on")
	}
	all.queue.Pause(all.turns["a"])
	if !isOpen(all.queue.GoOn(all.turns["a"])) {
		t.Error("a goroutine that was left behind waits for a slot")
	}
}

func TestNobodyBeginsWhileAQueueIsHeld(t *testing.T) {
	for _, limit := range []int{0, 2} {
		all := newTasks(limit, "a", "b")
		all.queue.Hold()
		for _, name := range []string{"c", "d", "e"} {
			all.turns[name] = &Turn{}
			if all.queue.Admit(all.turns[name], task{all, name}) {
				t.Errorf("limit %d: %s begins", limit, name)
			}
		}
		all.queue.Pause(all.turns["b"])
		if !isOpen(all.queue.GoOn(all.turns["b"])) {
			t.Errorf("limit %d: b has begun, and does not go on", limit)
		}
		all.queue.End(all.turns["a"])
		all.want(t, "held", "a", "b")
		all.queue.Release()
		if limit == 0 {
			all.want(t, "released", "a", "b", "c", "d", "e")
		} else {
			all.want(t, "released", "a", "b", "c")
		}
	}
}
