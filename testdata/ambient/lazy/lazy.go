package lazy

import "sync"

//workgen:work
type Lazy struct{}

func (Lazy) Run(n int) int {
	return table("a") + flag() + alone() + given(n) + counts() + returns() + early() + late() + other() + jump() + changed() + called() + memos("a")
}

var known = map[string]int{"a": 1}

var (
	mu     sync.Mutex
	tables map[string]int
)

// table makes it when it is needed first.
func table(s string) int {
	mu.Lock()
	defer mu.Unlock()
	if tables == nil {
		tables = make(map[string]int)
		for k, n := range known {
			if n == 0 {
				continue
			}
			tables[k] = n
		}
	}
	return tables[s]
}

var state struct {
	mu    sync.Mutex
	done  bool
	count int
}

func flag() int {
	state.mu.Lock()
	defer state.mu.Unlock()
	if !state.done {
		state.done = true
		state.count++
	}
	return state.count
}

var single []int

func alone() int {
	if single == nil {
		single = list()
	}
	return len(single)
}

func list() []int { return []int{1} }

var first []int

// The first caller decides.
func given(n int) int {
	if first == nil { // want variable first
		first = []int{n}
	}
	return first[0]
}

var calls struct {
	done bool
	n    int
}

func counts() int {
	if !calls.done { // want variable calls
		calls.n++
		calls.done = calls.n > 3
	}
	return calls.n
}

var returned []int

// The first call returns something else.
func returns() int {
	if returned == nil { // want variable returned
		returned = []int{1}
		return 0
	}
	return len(returned)
}

var seen []int

// Who looks before decides.
func early() int {
	n := len(seen) // want variable seen
	if seen == nil {
		seen = []int{1}
	}
	return n
}

var used []int

func late() int {
	if len(known) > 3 {
		if used == nil { // want variable used
			used = []int{1}
		}
	}
	return len(used)
}

var (
	twice   []int
	counter = map[string]int{}
)

func other() int {
	if twice == nil { // want variable twice
		twice = []int{1}
		counter["a"]++ // want variable counter
	}
	return len(twice) + counter["a"]
}

var jumped []int

func jump() int {
	if len(known) > 3 {
		goto end
	}
	if jumped == nil { // want variable jumped
		jumped = []int{1}
	}
end:
	return len(jumped)
}

var set []int

func changed() int {
	if set == nil { // want variable set
		set = []int{1}
	}
	set[0]++
	return set[0]
}

var filled *box

type box struct{ n int }

func (b *box) add() { b.n++ }

var shared box

func called() int {
	if filled == nil { // want variable filled
		filled = &box{}
		shared.add() // want variable shared
	}
	return filled.n + shared.n
}
