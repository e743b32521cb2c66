package lazy

import (
	"errors"
	"sync"
)

func memos(s string) int {
	a, _ := compile(s)
	b, _ := hit(s)
	c, _ := two(s, 1)
	d, _ := shown(s)
	e, _ := turned(s)
	return len(*a) + len(b) + len(c) + len(d) + len(e)
}

var (
	lock     sync.RWMutex
	compiled = make(map[string]*string)
	hits     = make(map[string]string)
	pairs    = make(map[string]string)
	shows    = make(map[string]string)
	turns    = make(map[string]string)
)

// compile remembers what it returns.
func compile(s string) (*string, error) {
	lock.RLock()
	t, ok := compiled[s]
	lock.RUnlock()
	if ok {
		return t, nil
	}
	t, err := slow(s)
	if err != nil {
		return nil, err
	}
	lock.Lock()
	compiled[s] = t
	lock.Unlock()
	return t, nil
}

func slow(s string) (*string, error) {
	if s == "" {
		return nil, errors.New("empty")
	}
	return &s, nil
}

// hit says whether it has seen it.
func hit(s string) (string, bool) {
	t, ok := hits[s] // want variable hits
	if ok {
		return t, true
	}
	t = s + s
	hits[s] = t
	return t, false
}

// two is given more than the key.
func two(s string, n int) (string, error) {
	t, ok := pairs[s] // want variable pairs
	if ok {
		return t, nil
	}
	t = s[n:]
	pairs[s] = t
	return t, nil
}

// shown is looked at by others.
func shown(s string) (string, error) {
	t, ok := shows[s] // want variable shows
	if ok {
		return t, nil
	}
	t = s + s
	shows[s] = t
	return t, nil
}

func Shown() int { return len(shows) }

// turned keeps it under another key.
func turned(s string) (string, error) {
	t, ok := turns[s] // want variable turns
	if ok {
		return t, nil
	}
	t = s + s
	s = "a"
	turns[s] = t
	return t, nil
}
