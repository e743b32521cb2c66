package app

import (
	"time"

	"github.com/workgen/workgen/runtime"
)

// This file is what the API says and the pages show. Times are RFC 3339 and left
// out when there is none, durations are seconds.

// Status is the state of an application.
type statusView struct {
	App     appView      `json:"app"`
	Loop    loopView     `json:"loop"`
	Alerts  []alertView  `json:"alerts"`
	Works   []workView   `json:"works"`
	Workers []workerView `json:"workers"`
	Queues  []queueView  `json:"queues"`
}

// workerView is a worker, on this machine or another one.
type workerView struct {
	Place string    `json:"place"`
	Pools []string  `json:"pools"`
	Slots int       `json:"slots"`
	Busy  int       `json:"busy"`
	Works []string  `json:"works"` // each with the route
	Seen  time.Time `json:"seen"`
}

// queueView is the calls of one work, of one version, that wait for workers.
type queueView struct {
	Pool   string    `json:"pool"`
	Work   string    `json:"work"`
	Route  string    `json:"route"`
	Queued int       `json:"queued"`
	Taken  int       `json:"taken"`
	Oldest time.Time `json:"oldest,omitzero"`
	Served bool      `json:"served"`
}

type appView struct {
	Name    string    `json:"name"`
	Started time.Time `json:"started"`
	PID     int       `json:"pid"`
	Program string    `json:"program"`
	Version string    `json:"version,omitempty"` // of the program's module, or its revision
	Host    string    `json:"host,omitempty"`
	Stores  string    `json:"stores,omitempty"` // that its works use
}

type loopView struct {
	State      string     `json:"state"`
	Paused     bool       `json:"paused"`
	Pass       uint64     `json:"pass"`
	Began      time.Time  `json:"began,omitzero"`
	Ended      time.Time  `json:"ended,omitzero"`
	Waiting    []workRef  `json:"waiting"`
	Unfinished int        `json:"unfinished"`
	Due        time.Time  `json:"due,omitzero"`
	Heartbeat  float64    `json:"heartbeat"` // 0: off
	Error      string     `json:"error,omitempty"`
	Stack      string     `json:"stack,omitempty"` // where the flow blocks
	Ticks      []tickView `json:"ticks"`
	Passes     []passView `json:"passes"`
}

type tickView struct {
	Name     string    `json:"name,omitempty"` // see runtime.Named
	Schedule string    `json:"schedule"`
	Tick     time.Time `json:"tick,omitzero"`
	Done     bool      `json:"done"`
	Missed   int       `json:"missed"`
	Next     time.Time `json:"next,omitzero"`
}

// healthView is what says whether the loop lives, to everybody.
type healthView struct {
	Loop     string   `json:"loop"`
	Problems []string `json:"problems,omitempty"`
}

type workRef struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

type passView struct {
	Number     uint64    `json:"number"`
	Began      time.Time `json:"began"`
	Took       float64   `json:"took"`
	Executions int64     `json:"executions"`
	Hits       int64     `json:"hits"`
}

type workView struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
	countsView
	LastDuration float64   `json:"lastDuration"`
	LastFinished time.Time `json:"lastFinished,omitzero"`
}

// countsView is runtime.Stats, which says what each of them counts.
type countsView struct {
	Hits            int64   `json:"hits"`
	Misses          int64   `json:"misses"`
	Joined          int64   `json:"joined"`
	Refused         int64   `json:"refused"`
	Unkeyed         int64   `json:"unkeyed"`
	Stored          int64   `json:"stored"` // misses of which the result was in the store
	StoreErrors     int64   `json:"storeErrors"`
	Executions      int64   `json:"executions"`
	Retries         int64   `json:"retries"`
	Successes       int64   `json:"successes"`
	Errors          int64   `json:"errors"`
	Panics          int64   `json:"panics"`
	Timeouts        int64   `json:"timeouts"`
	Stops           int64   `json:"stops"`
	Evictions       int64   `json:"evictions"`
	Expirations     int64   `json:"expirations"`
	TooLarge        int64   `json:"tooLarge"`
	MissesEvicted   int64   `json:"missesEvicted"`
	MissesExpired   int64   `json:"missesExpired"`
	MissesForgotten int64   `json:"missesForgotten"`
	Refreshes       int64   `json:"refreshes"`
	Stale           int64   `json:"stale"`
	Paused          bool    `json:"paused"`
	Running         int     `json:"running"`
	Ignoring        int     `json:"ignoring"` // of those that run, on though they were told to end
	Pending         int     `json:"pending"`
	Entries         int     `json:"entries"`
	Bytes           int64   `json:"bytes"` // that the entries take; 0 where there is no bound
	ExecutionTime   float64 `json:"executionTime"`
}

func countsOf(s runtime.Stats) countsView {
	return countsView{
		Hits: s.Hits, Misses: s.Misses, Joined: s.Joined, Refused: s.Refused, Unkeyed: s.Unkeyed,
		Stored: s.Stored, StoreErrors: s.StoreErrors,
		Executions: s.Executions, Retries: s.Retries, Successes: s.Successes, Errors: s.Errors,
		Panics: s.Panics, Timeouts: s.Timeouts, Stops: s.Stops,
		Evictions: s.Evictions, Expirations: s.Expirations, TooLarge: s.TooLarge,
		MissesEvicted: s.MissesEvicted, MissesExpired: s.MissesExpired, MissesForgotten: s.MissesForgotten,
		Refreshes: s.Refreshes, Stale: s.Stale, Paused: s.Paused,
		Running: s.InFlight, Ignoring: s.Ignoring, Pending: s.Pending,
		Entries: s.Entries, Bytes: s.Bytes, ExecutionTime: seconds(s.ExecutionTime),
	}
}

type argView struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Text   string `json:"text"`
	Secret bool   `json:"secret,omitempty"`
	Cut    bool   `json:"cut,omitempty"` // there is more than Text
}

// progressView is how far a body has come, as it says.
type progressView struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"` // 0 where it does not count, or does not know
	Note  string `json:"note,omitempty"`
}

type errorView struct {
	Message string `json:"message"`
	Panic   bool   `json:"panic,omitempty"` // it is of a panic, of which there is a stack
	Stack   string `json:"stack,omitempty"`
}

type worksView struct {
	Works []workView `json:"works"`
}

type errorBody struct {
	Error string `json:"error"`
}

// seconds is a duration for people and programs.
func seconds(d time.Duration) float64 { return d.Seconds() }

// between returns how long something took that may not have begun or ended.
func between(began, ended, now time.Time) float64 {
	switch {
	case began.IsZero():
		return 0
	case ended.IsZero():
		return seconds(max(now.Sub(began), 0))
	}
	return seconds(max(ended.Sub(began), 0))
}
