package crashtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/queue"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
	"github.com/workgen/workgen/runtime/store/storetest"
)

// The tests of this file have workers in one process use stores that are broken in one way each,
// and want that to be found.

// A breakage changes what some methods of a store do; nil ones stay as they are.
type breakage struct {
	store.Store
	lookup func(ctx context.Context, refs []store.Ref, found []store.Found) error
	begin  func(ctx context.Context, x store.Record) (store.Lease, error)
	renew  func(ctx context.Context, l store.Lease, x store.Record) (store.Lease, error)
	end    func(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error
	record func(r *store.Record) // of the history
	queue  func(q queue.Queue) queue.Queue
}

func (b *breakage) Queue() queue.Queue {
	q := queueOf(b.Store)
	if b.queue != nil {
		q = b.queue(q)
	}
	return q
}

func (b *breakage) Lookup(ctx context.Context, refs []store.Ref, found []store.Found) error {
	if b.lookup != nil {
		return b.lookup(ctx, refs, found)
	}
	return b.Store.Lookup(ctx, refs, found)
}

func (b *breakage) Begin(ctx context.Context, x store.Record) (store.Lease, error) {
	if b.begin != nil {
		return b.begin(ctx, x)
	}
	return b.Store.Begin(ctx, x)
}

func (b *breakage) Renew(ctx context.Context, l store.Lease, x store.Record) (store.Lease, error) {
	if b.renew != nil {
		return b.renew(ctx, l, x)
	}
	return b.Store.Renew(ctx, l, x)
}

func (b *breakage) End(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error {
	if b.end != nil {
		return b.end(ctx, l, x, from)
	}
	return b.Store.End(ctx, l, x, from)
}

func (b *breakage) History(ctx context.Context, f store.Filter) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		for r, err := range b.Store.History(ctx, f) {
			if b.record != nil {
				b.record(&r)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// memoryJournal is for processes that are none.
type memoryJournal struct {
	process string

	mu     sync.Mutex
	events []event
}

func (j *memoryJournal) note(e event) {
	e.At, e.process = now(), j.process
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
}

// all returns what was noted.
func (j *memoryJournal) all() []event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.events)
}

// testLease is how long leases last in bubbles.
const testLease = time.Second

// A wrapper is what makes of a handle of a store what the worker in a place uses.
type wrapper func(place int, h *memory.Store) store.Store

// An inProcess is a round whose processes are goroutines, in a bubble.
type inProcess struct {
	*observed
	plan
	workers bool
	wrap    wrapper

	memory   *memory.Store
	journals []*memoryJournal
}

// start has somebody do what a process does, until ctx ends. done is called then.
func (r *inProcess) start(ctx context.Context, place int, does job, done func()) {
	j := &memoryJournal{process: strconv.Itoa(place)}
	r.journals = append(r.journals, j)
	r.processes[j.process] = &process{name: j.process, job: does}
	h := r.memory.Another()
	w := newWorker(r.plan, j.process, does, r.wrap(place, h), j, io.Discard)
	go func() {
		defer done()
		w.run(ctx)
		j.note(event{What: closes})
		_ = h.Close()
	}()
}

// run is the round: four make calls, or two make calls that two others execute.
func (r *inProcess) run(t *testing.T) *observed {
	t.Helper()
	r.observed = &observed{lease: testLease, slack: 3 * time.Second, processes: map[string]*process{}}
	r.plan = plan{Round: 1, Start: now(), Wave: 250 * time.Millisecond, Calls: 8, Lease: testLease, Seed: 1}
	r.memory, r.journals = memory.New(testLease), nil
	defer r.memory.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	serving, end := context.WithCancel(t.Context())
	defer end()
	var callers, servers sync.WaitGroup
	for i := range 4 {
		switch {
		case !r.workers:
			callers.Add(1)
			r.start(ctx, i, job{}, callers.Done)
		case i < 2:
			callers.Add(1)
			r.start(ctx, i, job{Role: asking}, callers.Done)
		default:
			servers.Add(1)
			r.start(serving, i, job{Role: serves, Version: i % versions}, servers.Done)
		}
	}
	callers.Wait()
	if err := r.drain(t.Context(), queueOf(r.memory)); err != nil {
		t.Error(err)
	}
	end()
	servers.Wait()
	r.end = now()
	for _, j := range r.journals {
		r.events = append(r.events, j.all()...)
	}
	if err := r.read(t.Context(), r.wrap(0, r.memory.Another()), r.plan); err != nil {
		t.Error(err)
	}
	time.Sleep(time.Minute) // leases may still be given back
	return r.observed
}

// testStores checks that of what workers do on broken stores the wanted invariant is violated, or
// none if that is 0.
func testStores(t *testing.T, want int, stores map[string]wrapper) {
	for name, wrap := range stores {
		t.Run(name, func(t *testing.T) { testRound(t, want, &inProcess{wrap: wrap}) })
	}
}

// testRound does a round, and a few more if what is wanted does not happen in the first one: that is
// left to chance.
func testRound(t *testing.T, want int, r *inProcess) {
	for n := 0; n < 5 && !t.Failed(); n++ {
		if tryRound(t, want, r) {
			return
		}
	}
	t.Errorf("no violation is of invariant %d", want)
}

// tryRound reports whether a round shows what is wanted.
func tryRound(t *testing.T, want int, r *inProcess) (shown bool) {
	synctest.Test(t, func(t *testing.T) {
		o := r.run(t)
		if want == 0 {
			o.slack = 10 * time.Second // a call may fail many times in a row
		}
		violations, n := o.check()
		t.Log(n)
		shown = want == 0 || slices.ContainsFunc(violations, func(v *violation) bool { return v.invariant == want })
		for i, v := range violations {
			if want != 0 && i == 0 {
				t.Logf("invariant %d: %s", v.invariant, v.text)
			}
			if want == 0 && i < maxTold {
				t.Error(v)
			}
		}
		if n.executions < 3 {
			t.Error("few executions")
		}
	})
	return shown
}

// sometimes reports true once in n times.
func sometimes(n int) bool { return rand.IntN(n) == 0 }

func TestGoodStoresPass(t *testing.T) {
	faulty := func(inject func(f *storetest.Faults)) func(int, *memory.Store) store.Store {
		return func(_ int, h *memory.Store) store.Store {
			var f storetest.Faults
			inject(&f)
			return f.Wrap(h)
		}
	}
	testStores(t, 0, map[string]wrapper{
		"nothing happens": func(_ int, h *memory.Store) store.Store { return h },
		"it refuses":      faulty(func(f *storetest.Faults) { f.Inject(storetest.All, storetest.Every(5, storetest.Refuse)) }),
		"answers are lost": faulty(func(f *storetest.Faults) {
			f.Inject(storetest.All, storetest.Every(4, storetest.LoseAnswer))
		}),
		"looks are stale": faulty(func(f *storetest.Faults) { f.Inject(storetest.Lookup, storetest.Every(2, storetest.Stale)) }),
		"it is slow": faulty(func(f *storetest.Faults) {
			f.Inject(storetest.All, storetest.Slow(20*time.Millisecond))
		}),
		"leases cannot be renewed": faulty(func(f *storetest.Faults) { f.Inject(storetest.Renew, storetest.Refuse) }),
		"anything": faulty(func(f *storetest.Faults) {
			f.Inject(storetest.All, storetest.Every(6, storetest.Refuse))
			f.Inject(storetest.All, storetest.Every(7, storetest.LoseAnswer))
			f.Inject(storetest.Lookup, storetest.Every(2, storetest.Stale))
			f.Inject(storetest.All, storetest.Every(5, storetest.Slow(50*time.Millisecond)))
		}),
	})
}

func TestInvariant1IsChecked(t *testing.T) {
	other := memory.New(testLease)
	testStores(t, 1, map[string]wrapper{
		"a success is lost": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, end: func(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error {
				if x.Status == store.Succeeded && sometimes(20) {
					return nil
				}
				return h.End(ctx, l, x, from)
			}}
		},
		"a success is lost later": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, end: func(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error {
				err := h.End(ctx, l, x, from)
				if x.Status == store.Succeeded && sometimes(20) {
					time.AfterFunc(time.Second, func() { _, _ = h.Delete(context.Background(), l.Ref) })
				}
				return err
			}}
		},
		"what is finished begins again": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, begin: func(ctx context.Context, x store.Record) (store.Lease, error) {
				if sometimes(5) {
					_ = h.Discard(ctx, &store.Entry{Ref: x.Ref, Token: resultOf(h, x.Ref)}, store.Evicted, "")
				}
				return h.Begin(ctx, x)
			}, lookup: func(ctx context.Context, refs []store.Ref, found []store.Found) error {
				err := h.Lookup(ctx, refs, found)
				if sometimes(5) {
					found[0].Results = nil
				}
				return err
			}}
		},
		"there are two stores": func(place int, h *memory.Store) store.Store {
			if place%2 == 1 {
				return other.Another()
			}
			return h
		},
		"a success is in the history that nobody made": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, record: func(r *store.Record) {
				if r.Status == store.Failed {
					r.Status = store.Succeeded
				}
			}}
		},
	})
}

// resultOf returns the token of a result, 0 if there is none.
func resultOf(s store.Store, r store.Ref) uint64 {
	found := make([]store.Found, 1)
	if err := s.Lookup(context.Background(), []store.Ref{r}, found); err != nil || found[0].Result() == nil {
		return 0
	}
	return found[0].Result().Token
}

// retoken makes a store that shows other tokens than it has.
func retoken(h *memory.Store, outer func(token uint64) uint64) store.Store {
	var mu sync.Mutex
	inner := map[store.Ref]map[uint64]uint64{}
	known := func(l store.Lease) store.Lease {
		mu.Lock()
		defer mu.Unlock()
		l.Token = inner[l.Ref][l.Token]
		return l
	}
	return &breakage{
		Store: h,
		begin: func(ctx context.Context, x store.Record) (store.Lease, error) {
			l, err := h.Begin(ctx, x)
			if err != nil {
				return l, err
			}
			mu.Lock()
			defer mu.Unlock()
			shown := outer(l.Token)
			if inner[l.Ref] == nil {
				inner[l.Ref] = map[uint64]uint64{}
			}
			inner[l.Ref][shown] = l.Token
			l.Token = shown
			return l, nil
		},
		renew: func(ctx context.Context, l store.Lease, x store.Record) (store.Lease, error) {
			token := l.Token
			l, err := h.Renew(ctx, known(l), x)
			l.Token = token
			return l, err
		},
		end: func(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error {
			return h.End(ctx, known(l), x, from)
		},
		record: func(r *store.Record) { r.Seq = outer(r.Seq) },
	}
}

func TestInvariant2IsChecked(t *testing.T) {
	testStores(t, 2, map[string]wrapper{
		"tokens are repeated": func(_ int, h *memory.Store) store.Store {
			return retoken(h, func(token uint64) uint64 { return token/100 + 1 })
		},
		"tokens fall": func(_ int, h *memory.Store) store.Store {
			return retoken(h, func(token uint64) uint64 { return 1<<40 - token })
		},
		"who is late ends it": func(_ int, h *memory.Store) store.Store {
			return &breakage{
				Store: h,
				renew: func(ctx context.Context, l store.Lease, x store.Record) (store.Lease, error) {
					return l, errors.New("no")
				},
				end: func(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error {
					if err := h.End(ctx, l, x, from); err != store.ErrLost {
						return err
					}
					return nil
				},
			}
		},
	})
}

func TestInvariant3IsChecked(t *testing.T) {
	var mu sync.Mutex
	kept := map[key.Key]*store.Entry{}
	looks := func(change func(ref store.Ref, found *store.Found)) func(int, *memory.Store) store.Store {
		return func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, lookup: func(ctx context.Context, refs []store.Ref, found []store.Found) error {
				err := h.Lookup(ctx, refs, found)
				if err == nil {
					change(refs[0], &found[0])
				}
				return err
			}}
		}
	}
	var last *store.Entry
	testStores(t, 3, map[string]wrapper{
		"the result is another call's": looks(func(_ store.Ref, found *store.Found) {
			e := found.Result()
			mu.Lock()
			defer mu.Unlock()
			if e != nil && last != nil && sometimes(20) {
				e.Data = last.Data
			}
			if e != nil {
				last = e
			}
		}),
		"the result was deleted": looks(func(ref store.Ref, found *store.Found) {
			mu.Lock()
			defer mu.Unlock()
			if e := found.Result(); e != nil && kept[ref.Key] == nil {
				kept[ref.Key] = e
			}
			if e := kept[ref.Key]; e != nil {
				old := *e
				*found = store.Found{Results: []*store.Entry{&old}}
			}
		}),
		"the result is damaged": looks(func(_ store.Ref, found *store.Found) {
			if e := found.Result(); e != nil && len(e.Data) > 1000 {
				e.Data = bytes.Clone(e.Data)
				e.Data[len(e.Data)/2]++
			}
		}),
		"the error is another's": looks(func(_ store.Ref, found *store.Found) {
			if r := found.Latest; r != nil && r.Status == store.Failed {
				r.Error = "execution <7-7> fails"
			}
		}),
		"the error is nobody's": looks(func(_ store.Ref, found *store.Found) {
			if r := found.Latest; r != nil && r.Status == store.Failed {
				r.Error = "it fails"
			}
		}),
		"the result is not in the store": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, end: func(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error {
				if x.Status == store.Succeeded && sometimes(20) {
					return store.ErrTooLarge
				}
				return h.End(ctx, l, x, from)
			}}
		},
	})
}

func TestInvariant4IsChecked(t *testing.T) {
	testStores(t, 4, map[string]wrapper{
		"an execution runs for ever": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, record: func(r *store.Record) {
				if r.Status == store.Failed {
					r.Status = store.Running
				}
			}}
		},
	})
}

func TestInvariant5IsChecked(t *testing.T) {
	testStores(t, 5, map[string]wrapper{
		"a lease is given to two": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, begin: func(ctx context.Context, x store.Record) (store.Lease, error) {
				l, err := h.Begin(ctx, x)
				if errors.Is(err, store.ErrHeld) && sometimes(5) {
					_, _ = h.Delete(ctx, x.Ref)
					return h.Begin(ctx, x)
				}
				return l, err
			}}
		},
		"leases end too early": func(_ int, h *memory.Store) store.Store {
			later := func(l store.Lease, err error) (store.Lease, error) {
				l.Expires = l.Expires.Add(10 * time.Second)
				return l, err
			}
			return &breakage{
				Store: h,
				begin: func(ctx context.Context, x store.Record) (store.Lease, error) { return later(h.Begin(ctx, x)) },
			}
		},
		"a call is executed without the store": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, begin: func(ctx context.Context, x store.Record) (store.Lease, error) {
				if sometimes(20) {
					return store.Lease{}, store.ErrReadOnly
				}
				return h.Begin(ctx, x)
			}}
		},
	})
}

func TestInvariant6IsChecked(t *testing.T) {
	testStores(t, 6, map[string]wrapper{
		"it does not answer for long": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, lookup: func(ctx context.Context, refs []store.Ref, found []store.Found) error {
				if sometimes(50) {
					time.Sleep(5 * time.Second)
				}
				return h.Lookup(ctx, refs, found)
			}}
		},
		"leases of executions that have failed are held for long": func(_ int, h *memory.Store) store.Store {
			return &breakage{Store: h, end: func(ctx context.Context, l store.Lease, x store.Record, from io.WriterTo) error {
				if x.Status != store.Failed {
					return h.End(ctx, l, x, from)
				}
				go func() {
					for range 20 {
						_, _ = h.Renew(context.Background(), l, x)
						time.Sleep(testLease / 4)
					}
				}()
				return nil
			}}
		},
	})
}
