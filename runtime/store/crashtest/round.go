//go:build unix

package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A round starts processes, has incidents happen to them, lets them end, and checks what has
// happened.
type round struct {
	*testing.T
	Backend
	plan
	dir    string // of journals
	length time.Duration
	ctx    context.Context
	cancel func()

	failing sync.Mutex // held while a fault of the backend is made

	mu      sync.Mutex
	counts  counts
	seen    *observed
	started int // processes
	places  []*child
}

// A child is a process that the round has started.
type child struct {
	*process
	cmd   *exec.Cmd
	input io.Closer
	ended chan struct{} // closed when it has, and err is set
	err   error
}

// run is a round.
func (r *round) run(incidents []incident) counts {
	defer r.cancel()
	r.places = make([]*child, r.Processes)
	for i := range r.places {
		r.start(i)
	}
	r.awaitCallers()
	still := r.watchMachine()
	var all sync.WaitGroup
	began := time.Now()
	for _, in := range incidents {
		pause(r.ctx, time.Until(began.Add(in.at)))
		all.Go(func() { r.happen(in) })
	}
	pause(r.ctx, time.Until(began.Add(r.length)))
	all.Wait()
	r.finish()
	still()
	r.observe()
	violations, n := r.seen.check()
	for _, v := range violations[:min(len(violations), maxTold)] {
		r.Error(v)
	}
	n.violations = len(violations)
	if !r.Failed() {
		_ = os.RemoveAll(r.dir) // an hour of them is much
	} else {
		r.Logf("the journals and logs of all processes are in %s", r.dir)
	}
	r.counts.add(n)
	r.Logf("round %d: %v", r.Round, r.counts)
	return r.counts
}

// start starts the next process in a place.
func (r *round) start(place int) {
	r.mu.Lock()
	r.started++
	name := fmt.Sprintf("%d.%d", place, r.started)
	r.mu.Unlock()
	p := &process{name: name, job: r.jobOf(place)}
	text, err := json.Marshal(orders{
		Plan: r.plan, Job: p.job, Name: name, Target: r.Target, Journal: r.path(name, "journal"),
	})
	if err != nil {
		r.Error(err)
		return
	}
	c := &child{process: p, ended: make(chan struct{})}
	c.cmd = exec.Command(os.Args[0])
	c.cmd.Env = append(os.Environ(), variable+"="+string(text))
	log, err := os.Create(r.path(name, "log"))
	if err == nil {
		defer log.Close()
		c.cmd.Stderr = log
		c.input, err = c.cmd.StdinPipe()
	}
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		r.Error(err)
		return
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	r.Cleanup(func() { _ = c.cmd.Process.Kill() })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.processes[name] = c.process
	r.places[place] = c
}

// awaitCallers waits until calls are made: on a busy machine processes take a while to begin.
func (r *round) awaitCallers() {
	const patience = time.Minute
	for _, c := range r.places {
		if c == nil || c.Role == serves {
			continue
		}
		for began := time.Now(); ; pause(r.ctx, 10*time.Millisecond) {
			if info, err := os.Stat(r.path(c.name, "journal")); err == nil && info.Size() > 0 {
				break
			}
			if time.Since(began) > patience {
				r.Fatalf("process %s makes no call in %v:\n%s", c.name, patience, r.tail(c.name))
			}
		}
	}
}

// happen has an incident happen, and what comes after it.
func (r *round) happen(in incident) {
	switch in.kind {
	case kill:
		r.kill(in.child, in.takes)
	case stop:
		r.stop(in.child, in.takes)
	case fault:
		r.fault(r.Faults[in.fault], in.takes)
	}
}

// take takes a process out of its place, so that nothing else happens to it; nil if that has been
// done.
func (r *round) take(place int) *child {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.places[place]
	r.places[place] = nil
	return c
}

// kill kills a process, and starts another one after a while.
func (r *round) kill(place int, after time.Duration) {
	c := r.take(place)
	if c == nil {
		return
	}
	r.mu.Lock()
	c.killed = now() // what it notes after that is true as well
	r.counts.kills++
	r.missed(c, c.killed, c.killed)
	r.mu.Unlock()
	_ = c.cmd.Process.Kill()
	<-c.ended
	pause(r.ctx, after)
	r.start(place)
}

// stop stops a process for a while.
func (r *round) stop(place int, d time.Duration) {
	c := r.take(place)
	if c == nil {
		return
	}
	stopped := span{from: now()}
	_ = c.cmd.Process.Signal(syscall.SIGSTOP)
	pause(r.ctx, d)
	_ = c.cmd.Process.Signal(syscall.SIGCONT)
	stopped.to = now()
	r.mu.Lock()
	defer r.mu.Unlock()
	c.stops = append(c.stops, stopped)
	r.missed(c, stopped.from, stopped.to)
	if r.counts.stops++; r.StopsHold {
		r.seen.outages = append(r.seen.outages, stopped)
	}
	r.places[place] = c
}

// missed notes that a worker was not there: until others have its tasks, and have executed them, calls
// may wait. mu is held.
func (r *round) missed(c *child, from, to moment) {
	if c.Role == serves {
		r.seen.outages = append(r.seen.outages, span{from, to.plus(3 * r.Backend.Lease)})
	}
}

// fault has a fault of the backend happen.
func (r *round) fault(f Fault, d time.Duration) {
	if !r.failing.TryLock() {
		return // the one before takes longer than it was given
	}
	defer r.failing.Unlock()
	out := span{from: now()}
	if err := f.Do(r.ctx, d); err != nil {
		r.Errorf("%s: %v", f.Name, err)
	}
	out.to = now()
	r.Logf("%v to %v: %s", out.from, out.to, f.Name)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.outages++
	r.seen.outages = append(r.seen.outages, out)
}

// watchMachine notes when the machine stands still, until stop is called.
func (r *round) watchMachine() (stop func()) {
	const every, late = 20 * time.Millisecond, 100 * time.Millisecond
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for last := now(); ; {
			select {
			case <-done:
				return
			case <-time.After(every):
			}
			if at := now(); at > last.plus(late) {
				r.mu.Lock()
				r.seen.outages = append(r.seen.outages, span{last, at})
				r.mu.Unlock()
			}
			last = now()
		}
	}()
	return func() { close(done); <-ended }
}

// finish has all processes end by themselves: workers when they have nothing left to do.
func (r *round) finish() {
	r.end(func(c *child) bool { return c.Role != serves })
	if r.Workers {
		if s := opened(r.ctx, r.Open, r.Direct); s != nil {
			if err := r.seen.drain(r.ctx, queueOf(s)); err != nil {
				r.Error(err)
			}
			_ = s.Close()
		}
		r.end(func(c *child) bool { return c.Role == serves })
	}
	r.seen.end = now()
}

// end has processes end by themselves. One that does not is killed, and shows its goroutines in its
// log.
func (r *round) end(which func(*child) bool) {
	for _, c := range r.places {
		if c != nil && which(c) {
			_ = c.input.Close()
		}
	}
	giveUp := time.After(r.seen.patience())
	for _, c := range r.places {
		if c == nil || !which(c) {
			continue
		}
		select {
		case <-c.ended:
		case <-giveUp:
			giveUp = time.After(0) // for the others, too
			r.Errorf("process %s does not end after %v", c.name, r.seen.patience())
			_ = c.cmd.Process.Signal(syscall.SIGQUIT)
			select {
			case <-c.ended:
			case <-time.After(5 * time.Second):
			}
		}
		if c.err != nil {
			r.Errorf("process %s: %v\n%s", c.name, c.err, r.tail(c.name))
		}
	}
}

// tail returns the end of what a process has logged.
func (r *round) tail(name string) []byte {
	const most = 20_000
	data, err := os.ReadFile(r.path(name, "log"))
	if err != nil {
		return []byte(err.Error())
	}
	return data[max(0, len(data)-most):]
}

// observe reads what the processes have noted, and what the store has.
func (r *round) observe() {
	for name := range r.seen.processes {
		events, err := readJournal(r.path(name, "journal"), name)
		if err != nil {
			r.Error(err)
		}
		r.seen.events = append(r.seen.events, events...)
	}
	s := opened(r.ctx, r.Open, r.Direct)
	if s == nil {
		return
	}
	defer s.Close()
	if err := r.seen.read(r.ctx, s, r.plan); err != nil {
		r.Error(err)
	}
}
