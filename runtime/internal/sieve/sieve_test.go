package sieve

import "testing"

type page struct {
	name   byte
	links  Links[*page]
	marked bool
	always bool // the mark is set as fast as it is cleared
}

func (p *page) Links() *Links[*page] { return &p.links }

func (p *page) Unvisit() bool {
	marked := p.marked
	p.marked = p.always
	return marked
}

// pages makes a list of pages, of which those with an upper-case name are marked.
func pages(names string) (*List[*page], map[byte]*page) {
	var l List[*page]
	all := map[byte]*page{}
	for i := range len(names) {
		p := &page{name: names[i] | 0x20, marked: names[i] < 'a'}
		all[p.name] = p
		l.Push(p)
	}
	return &l, all
}

// evict evicts so many pages.
func evict(l *List[*page], n int) (names string) {
	for range n {
		p := l.Victim()
		names += string(p.name)
		l.Remove(p)
	}
	return names
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestTheOldestWithoutAMarkIsEvicted(t *testing.T) {
	for names, order := range map[string]string{"abcd": "abcd", "Abcd": "bcda", "aBcD": "acbd", "ABCD": "abcd"} {
		l, _ := pages(names)
		want(t, names, evict(l, 4), order)
		want(t, "left", l.Len(), 0)
		want(t, "the oldest of none", l.Oldest(), nil)
	}
}

func TestTheHandStaysWhereItIs(t *testing.T) {
	l, all := pages("ABcd")
	want(t, "the first", evict(l, 1), "c")
	l.Push(&page{name: 'e'})
	all['a'].marked = true // behind the hand
	want(t, "the next", evict(l, 4), "deba")
}

func TestWhatIsRemovedIsNotEvicted(t *testing.T) {
	l, all := pages("AbCd")
	want(t, "the hand is at", l.Victim(), all['b'])
	l.Remove(all['b'])
	l.Remove(all['d'])
	want(t, "links", all['b'].links, Links[*page]{})
	want(t, "the oldest", l.Oldest(), all['a'])
	want(t, "the others", evict(l, 2), "ac")
}

func TestMarksThatAreSetAgainAtOnceHoldNothingUp(t *testing.T) {
	l, all := pages("ABC")
	for _, p := range all {
		p.always = true
	}
	want(t, "victim", l.Victim(), all['a'])
	want(t, "victim", l.Victim(), all['a'])
}
