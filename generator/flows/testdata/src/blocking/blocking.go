// Package blocking has flows that block, and such that wait for what they began.
package blocking

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/testdata/golden/flows"
)

var (
	probe    = flows.NewProbeRunner(&flows.Probe{})
	released = make(chan struct{})
	slots    = make(chan struct{}, 4)
	token    = make(chan struct{}, 1)
	shared   = make(chan struct{}, 1)
)

type service struct {
	jobs  chan int
	loop  runtime.Loop
	timer *time.Timer
	lock  chan struct{}
}

func bad(outside <-chan int, s *service) {
	s.loop.Flow = func(ctx context.Context) error {
		time.Sleep(time.Second)       // want "time.Sleep blocks the flow; fix: wait in a work, or ask for the time with runtime.Now, Today or Cron, which run the flow again when it has come"
		<-time.After(time.Second)     // want "receiving from time.After(time.Second) blocks the flow; fix: wait in a work"
		n := <-outside                // want "receiving from outside blocks the flow; fix: receive in a work, or let whoever sends set a runtime.Var that the flow reads"
		m, ok := <-s.jobs             // want "receiving from s.jobs blocks the flow"
		<-released                    // want "receiving from released blocks the flow"
		call := probe.Start(ctx, n+m) //
		<-call.Done()                 // want "receiving from call.Done() blocks the flow; fix: return the error of the call's Wait or of runtime.Await, which suspend the flow"
		done := call.Done()           //
		<-done                        // want "receiving from done blocks the flow; fix: return the error of the call's Wait"
		<-s.timer.C                   // want "receiving from s.timer.C blocks the flow"
		ticker := time.NewTicker(1)   //
		for range ticker.C {          // want "receiving from ticker.C blocks the flow"
		}
		for range outside { // want "receiving from outside blocks the flow"
		}
		for range time.Tick(1) { // want "receiving from time.Tick(1) blocks the flow"
		}
		select { // want "select blocks the flow until it receives from released"
		case <-released:
		case <-ctx.Done():
		}
		select { // want "select blocks the flow until it receives from call.Done(); fix: return the error of the call's Wait"
		case <-call.Done():
		case <-time.After(1):
		}
		func() { time.Sleep(1) }() // want "time.Sleep blocks the flow"
		defer func() {
			time.Sleep(1) // want "time.Sleep blocks the flow"
		}()
		var g errgroup.Group
		g.Go(func() error {
			time.Sleep(1) // want "time.Sleep blocks the flow"
			return nil
		})
		pause := func(ctx context.Context) { time.Sleep(1) } // want "time.Sleep blocks the flow"
		pause(ctx)
		if ok {
			select {} // want "select blocks the flow for ever; fix: return nil: the flow runs again when something that it has read has changed"
		}
		return g.Wait()
	}
}

// flow is a method whose receiver others have, too.
func (s *service) flow(ctx context.Context) error {
	<-s.jobs // want "receiving from s.jobs blocks the flow"
	return nil
}

func method(s *service) { _ = runtime.Once(context.Background(), s.flow) }

type result struct {
	n   int
	err error
}

func good(outside chan int, s *service, produce func(chan<- int)) {
	loop := runtime.Loop{Flow: func(ctx context.Context) (err error) {
		results := make(chan result)
		for i := range 10 {
			go func() {
				n, err := probe.Run(ctx, i)
				results <- result{n, err}
			}()
		}
		for range 10 {
			r := <-results
			err = errors.Join(err, r.err)
		}
		for r := range results {
			err = errors.Join(err, r.err)
		}
		select {
		case r := <-results:
			err = errors.Join(err, r.err)
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
		select {
		case n := <-outside:
			_ = n
		default:
		}
		select {
		case outside <- 1:
		case <-released:
		}
		var wg sync.WaitGroup
		wg.Go(func() { _ = 1 })
		wg.Wait()
		slots <- struct{}{}
		defer func() { <-slots }()
		<-slots
		s.lock <- struct{}{}
		defer release(ctx, s)
		go s.fill(ctx)
		for range s.jobs {
		}
		produce(outside)
		<-outside
		go func() {
			<-released
			time.Sleep(1)
		}()
		time.AfterFunc(1, func() { time.Sleep(1) })
		defer func() { <-shared }()
		defer giveBack(ctx)
		acquire(ctx)
		defer func() { token <- struct{}{} }()
		if s != nil && !s.timer.Stop() {
			<-s.timer.C
		}
		own := &service{jobs: make(chan int)}
		go func() { own.jobs <- 1 }()
		<-own.jobs
		collect(ctx, own.jobs)
		<-ctx.Done()
		return err
	}}
	_ = loop.Run(context.Background())
	time.Sleep(1)
	<-outside
	select {}
}

func release(ctx context.Context, s *service) { <-s.lock }

func giveBack(ctx context.Context) { <-shared }

func acquire(ctx context.Context) {
	select {
	case <-token:
	case <-ctx.Done():
	}
}

func (s *service) fill(ctx context.Context) { s.jobs <- 1 }

func collect(ctx context.Context, jobs <-chan int) int { return <-jobs }
