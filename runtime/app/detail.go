package app

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/internal/durable"
	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
	"github.com/workgen/workgen/runtime/store"
)

// This file is all that is known of one call: what is said of the call is apart from what is
// said of each of its executions.

const (
	maxShown      = 64 << 10 // bytes of the text of a result, or of an argument, on a page
	maxDecoded    = 1 << 20  // bytes of a stored result that is read to show it
	maxExecutions = 50       // that are shown at once
)

// detailView is a call with every execution that is known of it.
type detailView struct {
	Key        string            `json:"key"` // the address
	Digest     string            `json:"digest,omitempty"`
	Number     uint64            `json:"number,omitempty"` // of the latest one in this process
	Work       workRef           `json:"work"`
	Status     string            `json:"status"`          // pending, or that of the newest execution
	Waits      *waitView         `json:"waits,omitempty"` // nil: it is not pending
	Progress   *progressView     `json:"progress,omitempty"`
	Arguments  []argView         `json:"arguments"`
	Result     resultView        `json:"result"`
	Error      *errorView        `json:"error,omitempty"`  // that comes from no execution
	Why        whyView           `json:"why"`              // of the newest execution that is listed
	Executions []executionDetail `json:"executions"`       // the newest first
	Older      string            `json:"older,omitempty"`  // before, for those that follow
	Actions    []string          `json:"actions"`          // that make sense: again, forget, stop
	Unread     string            `json:"unread,omitempty"` // why the store does not tell what it has; "" if it does
}

// waitView is what a call waits for.
type waitView struct {
	For   string    `json:"for"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"` // zero: nobody knows
	Place string    `json:"place,omitempty"`
}

// resultView is what is known of the result of a call.
type resultView struct {
	State     string    `json:"state"`               // kept, error kept, gone, none
	Memory    bool      `json:"memory,omitempty"`    // it is kept in memory
	Stored    bool      `json:"stored,omitempty"`    // it is kept in the store
	Expires   time.Time `json:"expires,omitzero"`    // zero: never, or nobody knows
	Execution string    `json:"execution,omitempty"` // that it is of
	How       string    `json:"how,omitempty"`       // it has gone: evicted, expired, …
	Gone      time.Time `json:"gone,omitzero"`       // when
	Size      *int64    `json:"size,omitempty"`      // in the store, in bytes
	Secret    bool      `json:"secret,omitempty"`    // it is not shown, for it may tell of secret inputs
	Text      *string   `json:"text,omitempty"`      // nil: it cannot be shown here
	Cut       bool      `json:"cut,omitempty"`       // there is more than Text
}

// executionDetail is one execution, with all that is known of it.
type executionDetail struct {
	ID        string        `json:"id"` // the anchor on the page of the call
	Seq       uint64        `json:"seq,omitempty"`
	Attempt   int           `json:"attempt"`
	Status    string        `json:"status"`
	Again     bool          `json:"again,omitempty"` // somebody asked for it
	Requested time.Time     `json:"requested,omitzero"`
	Started   time.Time     `json:"started,omitzero"`
	Finished  time.Time     `json:"finished,omitzero"`
	Took      float64       `json:"took"`              // from Started to Finished, or until now
	Backoff   float64       `json:"backoff,omitempty"` // before it, as the policy says
	Waited    float64       `json:"waited,omitempty"`  // before it, for slots, leases and workers
	Retry     time.Time     `json:"retry,omitzero"`    // when the next attempt is due
	Place     string        `json:"place"`
	Here      bool          `json:"here"`             // in this process
	Result    string        `json:"result,omitempty"` // what became of its result: kept, evicted, …
	Gone      time.Time     `json:"gone,omitzero"`
	Size      *int64        `json:"size,omitempty"`
	Error     *errorView    `json:"error,omitempty"`
	Progress  *progressView `json:"progress,omitempty"`
	Log       string        `json:"log,omitempty"`
	Why       *whyView      `json:"why,omitempty"` // nil: it is not known

	number uint64 // of its call in this process; 0: nobody knows
}

// call returns all about the call with an address. Of its executions, those before the one
// with the number before are left out that are newer; 0 leaves none out.
func (s *site) call(ctx context.Context, at string, before uint64, asJSON bool) (detailView, error) {
	f, err := s.known(ctx, at, before)
	if err != nil {
		return detailView{}, err
	}
	v := detailView{Key: at, Work: f.work, Executions: f.executions(before), Arguments: f.arguments(), Actions: f.actions()}
	f.complete(ctx, v.Arguments)
	if k := f.key(); !k.IsZero() {
		v.Digest = k.String()
	}
	if f.more {
		v.Older = fmt.Sprint(f.records[len(f.records)-1].Seq)
	}
	apart(v.Executions)
	f.state(&v)
	v.Result = f.result(ctx, asJSON)
	f.explain(ctx, s, &v)
	if f.unread != nil {
		v.Unread = short(preview.Error(f.unread), maxMessage)
	}
	return v, nil
}

// known finds what is known of a call. A store has not for ever to answer.
func (s *site) known(ctx context.Context, at string, before uint64) (found, error) {
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	f, err := s.find(ctx, at)
	if err == nil && f.unread == nil {
		f.unread = f.load(ctx, before)
	}
	return f, err
}

// load reads the records of a call.
func (f *found) load(ctx context.Context, before uint64) error {
	if from := runtime.Inspect(f.runner).Store(); from != nil && !f.key().IsZero() {
		filter := store.Filter{Prefix: f.key().String(), Before: before, Limit: maxExecutions + 1}
		for rec, err := range from.History(ctx, filter) {
			if err != nil {
				return err
			}
			f.records = append(f.records, rec)
		}
		if len(f.records) > maxExecutions {
			f.records, f.more = f.records[:maxExecutions], true
		}
	}
	return nil
}

// executions lists those of the store, and those of this process that it does not have. One
// that both know is one.
func (f *found) executions(before uint64) []executionDetail {
	list := make([]executionDetail, 0, len(f.records))
	known := map[uint64]int{}
	for i := range f.records {
		known[f.records[i].Seq] = len(list)
		list = append(list, ofRecord(&f.records[i]))
	}
	for _, d := range f.calls {
		for n := len(d.Executions) - 1; n >= 0; n-- {
			here := f.ofProcess(&d, n)
			at, both := known[here.Seq]
			switch {
			case both:
				list[at].live(&here)
			case before == 0 && (here.Seq == 0 || !f.more): // or it is on a page that follows
				list = append(list, here)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b executionDetail) int { return b.Started.Compare(a.Started) })
	return list
}

// ofRecord shows an execution as the store tells of it.
func ofRecord(rec *store.Record) executionDetail {
	e := executionDetail{
		ID: fmt.Sprintf("execution-%d", rec.Seq), Seq: rec.Seq, Attempt: max(rec.Attempt, 1), Status: rec.Status.String(),
		Requested: rec.Requested, Started: rec.Started, Finished: rec.Finished, Retry: rec.Retry,
		Again: rec.Again, Place: rec.Origin.String(), Here: isOurs(rec.Origin), Gone: rec.Gone, Log: rec.Log,
		Progress: progressViewOf(runtime.CallProgress(rec.Progress)), Took: between(rec.Started, rec.Finished, time.Now()),
	}
	switch {
	case rec.Status == store.Succeeded:
		e.Result, e.Size = "kept", &rec.Size
	case rec.Status.Gone():
		e.Status, e.Result = store.Succeeded.String(), rec.Status.String()
		if rec.Error != "" {
			e.Result += ": " + short(rec.Error, maxMessage)
		}
	case rec.Error != "":
		e.Error = &errorView{Message: short(rec.Error, maxMessage), Stack: rec.Stack, Panic: rec.Kind == store.ErrorPanic}
	}
	return e
}

// ofProcess shows an execution as this process tells of it.
func (f *found) ofProcess(d *runtime.CallDetail, n int) executionDetail {
	x := d.Executions[n]
	last := n == len(d.Executions)-1
	e := executionDetail{
		ID: fmt.Sprintf("attempt-%d", x.Attempt), Seq: x.Seq, Again: d.Again, number: d.Number, Attempt: max(x.Attempt, 1), Status: runtime.Succeeded.String(),
		Requested: d.Requested, Started: x.Began, Finished: x.Ended, Took: between(x.Began, x.Ended, time.Now()),
		Place: durable.Origin().String(), Here: true, Error: errorViewOf(x.Err), Log: x.Log,
	}
	if d.Number != f.at { // there may be several calls
		e.ID = fmt.Sprintf("call-%d-attempt-%d", d.Number, x.Attempt)
	}
	switch {
	case x.Ended.IsZero():
		e.Status = runtime.Running.String()
	case last && d.Status == runtime.Stopped:
		e.Status = runtime.Stopped.String()
	case x.Err != nil:
		e.Status = runtime.Failed.String()
	}
	if last {
		if e.Progress = progressViewOf(d.Progress); !d.Stopping.IsZero() {
			e.Status = stopping
		}
	}
	return e
}

// stopping is the status of an execution whose call has ended while the body runs on.
const stopping = "stopping"

// live adds what only the process knows of an execution that runs, or has just ended.
func (e *executionDetail) live(here *executionDetail) {
	if here.Status == stopping {
		e.Status = stopping
	}
	if e.Status != store.Running.String() {
		return
	}
	e.Log, e.Progress = here.Log, here.Progress
	if here.Status != e.Status { // which the store says in a moment
		e.Status, e.Finished, e.Took, e.Error = here.Status, here.Finished, here.Took, here.Error
	}
}

// state says how the call is now: what it waits for, or how the newest execution is.
func (f *found) state(v *detailView) {
	if f.here != nil {
		v.Number = f.here.Number
	}
	switch d := f.here; {
	case d != nil && d.Status == runtime.Pending:
		v.Status = d.Status.String()
		v.Waits = &waitView{For: d.Waits.For.String(), Until: d.Waits.Until, Since: d.Requested}
		if d.Holder != (store.Origin{}) {
			v.Waits.Place = d.Holder.String()
		}
		if n := len(d.Executions); n > 0 {
			v.Waits.Since = d.Executions[n-1].Ended
		}
	case len(v.Executions) > 0:
		v.Status, v.Progress = v.Executions[0].Status, v.Executions[0].Progress
	case d != nil:
		v.Status = d.Status.String()
	default:
		v.Status = f.stored.Status.String()
	}
	if d := f.here; d != nil && d.Status == runtime.Failed && len(d.Executions) == 0 {
		v.Error = errorViewOf(d.Reason)
	}
}

// arguments are those of the call as far as they are known.
func (f *found) arguments() []argView {
	if f.here != nil && len(f.here.Args) > 0 {
		return argViews(f.here.Args)
	}
	for i := range f.records {
		if len(f.records[i].Args) > 0 {
			return argViews(f.records[i].Args)
		}
	}
	if f.stored != nil {
		return argViews(f.stored.Args)
	}
	return []argView{}
}

// values returns the arguments by their names, as far as they can be read: not the fields of the
// work, and none if one is secret.
func (f *found) values(ctx context.Context, names []argView) map[string]reflect.Value {
	var args any
	var ok bool
	i := runtime.Inspect(f.runner)
	if f.here != nil {
		args, ok = i.Arguments(ctx, f.here.Number)
	} else {
		args, ok = i.StoredArguments(ctx, f.key())
	}
	if v := reflect.ValueOf(args); ok && v.IsValid() && len(names) > 0 {
		return named(v, names)
	}
	return nil
}

// named gives arguments, a struct or the only one, the last of the names.
func named(args reflect.Value, names []argView) map[string]reflect.Value {
	if n := len(names) - numField(args); args.Kind() == reflect.Struct && n >= 0 {
		values := map[string]reflect.Value{}
		for i := range numField(args) {
			if f := args.Type().Field(i); f.IsExported() && strings.EqualFold(f.Name, names[n+i].Name) {
				values[names[n+i].Name] = args.Field(i)
			}
		}
		if len(values) == numField(args) {
			return values
		}
	}
	return map[string]reflect.Value{names[len(names)-1].Name: args}
}

func numField(v reflect.Value) int {
	if v.Kind() != reflect.Struct {
		return 0
	}
	return v.NumField()
}

// complete puts all of an argument where a part of it was.
func (f *found) complete(ctx context.Context, args []argView) {
	if !slices.ContainsFunc(args, func(a argView) bool { return a.Cut }) {
		return
	}
	values := f.values(ctx, args)
	for i := range args {
		if v, ok := values[args[i].Name]; ok && args[i].Cut {
			args[i].Text, args[i].Cut = redact.Text(preview.Lines(v.Interface(), maxArgument)), false
		}
	}
}

// maxArgument bounds the text of an argument, in bytes: those that are kept have 64 KiB at most before they are
// written out.
const maxArgument = 1 << 20

// hidden tells whether the result is not to be shown, for it may tell of inputs: one
// of them is secret, or nobody knows them.
func (f *found) hidden() bool {
	var args []store.Arg
	switch {
	case f.here != nil && f.here.Args != nil:
		args = f.here.Args
	case f.stored != nil:
		args = f.stored.Args
	default:
		return true
	}
	return slices.ContainsFunc(args, func(a store.Arg) bool { return a.Secret })
}

// result says what became of the result, and shows it if it is kept.
func (f *found) result(ctx context.Context, asJSON bool) resultView {
	v := resultView{State: "none"}
	for i := range f.records {
		if rec := &f.records[i]; rec.Status.Gone() {
			v.State, v.How, v.Gone, v.Execution = "gone", rec.Status.String(), rec.Gone, fmt.Sprintf("execution-%d", rec.Seq)
			break
		}
	}
	switch d := f.kept(); {
	case d != nil && d.Status == runtime.Failed:
		v = resultView{State: "error kept", Memory: true}
	case d != nil:
		v = resultView{State: "kept", Memory: true}
	case f.here != nil && f.here.Removed != 0 && v.State == "none":
		v.State, v.How = "gone", f.here.Removed.String()
	}
	if rec := f.resultRecord(); rec != nil {
		v.State, v.Stored, v.Expires, v.Size = "kept", true, rec.Expires, &rec.Size
		v.How, v.Gone, v.Execution = "", time.Time{}, fmt.Sprintf("execution-%d", rec.Seq)
	}
	if v.State != "kept" {
		return v
	}
	if v.Secret = f.hidden(); v.Secret {
		return v
	}
	value, ok := f.value(ctx, maxDecoded)
	if _, nothing := value.(struct{}); !ok || nothing {
		return v
	}
	text, cut := textOf(value, asJSON)
	v.Text, v.Cut = &text, cut
	return v
}

// kept is the call of which the result is kept in memory, nil if none is.
func (f *found) kept() *runtime.CallDetail {
	for i := range f.calls {
		if f.calls[i].Kept {
			return &f.calls[i]
		}
	}
	return nil
}

// resultRecord is the record of the result that the store has, nil if it has none.
func (f *found) resultRecord() *store.Record {
	for i := range f.records {
		if f.records[i].Status == store.Succeeded {
			return &f.records[i]
		}
	}
	if f.stored != nil && f.stored.Status == store.Succeeded {
		return f.stored
	}
	return nil
}

// value returns the result of a call, from memory or from the store, unless it has more bytes
// there than most.
func (f *found) value(ctx context.Context, most int64) (value any, ok bool) {
	i := runtime.Inspect(f.runner)
	if d := f.kept(); d != nil {
		if value, ok = i.Result(d.Number); ok {
			return value, ok
		}
	}
	if rec := f.resultRecord(); rec != nil && rec.Size <= most {
		return i.StoredResult(ctx, *rec)
	}
	return nil, false
}

// textOf writes a value for a page, as Go or as JSON, and tells whether that is not all.
func textOf(value any, asJSON bool) (text string, cut bool) {
	if !asJSON {
		text = preview.Lines(value, maxShown)
		cut = len(text) > maxShown/2 && preview.Lines(value, 2*maxShown) != text
		return redact.Text(text), cut
	}
	out := boundedText{left: maxShown}
	err := preview.JSON(&out, value)
	switch {
	case errors.Is(err, errFull):
		return redact.Text(preview.Cut(out.text.String(), maxShown)) + "…", true
	case err != nil:
		return "(cannot be shown)", true
	}
	return redact.Text(out.text.String()), false
}

// boundedText takes as many bytes as there is room for.
type boundedText struct {
	text strings.Builder
	left int
}

var errFull = errors.New("there is no more room")

func (b *boundedText) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	b.text.Write(p[:n])
	if b.left -= n; n < len(p) {
		return n, errFull
	}
	return n, nil
}
