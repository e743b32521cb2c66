package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
)

// maxEarlier is how many earlier calls are looked at to explain one.
const maxEarlier = 10_000

// why tells why a call was a miss: every call that is listed was one when it was
// made, and those that were equal to it since then were hits as long as it was kept.
// What the store knows goes further back than what the process does.
func (s *site) why(ctx context.Context, f *found) whyView {
	if f.here != nil && f.here.Stored {
		return whyView{"stored", "It did not execute in this process: the store had its result."}
	}
	if f.stored != nil && !f.stored.Status.Gone() {
		return s.storedWhy(ctx, f)
	}
	if f.here == nil {
		return whyView{"gone", "Its result is gone."}
	}
	return why(f.runner, *f.here)
}

// explained identifies a record of a call.
type explained struct {
	key key.Key
	seq uint64
}

// storedWhy tells what the store knows, which takes it a while and does not change.
func (s *site) storedWhy(ctx context.Context, f *found) whyView {
	id := explained{f.stored.Key, f.stored.Seq}
	if v, ok := s.reasons.Get(id); ok {
		return v
	}
	reason, err := store.Explain(ctx, runtime.Inspect(f.runner).Store(), *f.stored)
	if err != nil {
		return whyView{"unknown", "The store cannot tell: " + err.Error() + "."}
	}
	text := reason.String()
	v := whyView{string(reason.Cause), strings.ToUpper(text[:1]) + text[1:] + "."}
	s.reasons.Put(id, v)
	return v
}

// why explains a call by what the runner remembers.
func why(r *runtime.Runner, d runtime.CallDetail) whyView {
	var nearest, equal *runtime.CallDetail
	distance, seen := 0, 0
	for earlier := range runtime.Inspect(r).Calls(d.Number) {
		if earlier.Equal == d.Equal {
			equal = &earlier
			break
		}
		if n := len(different(earlier, d)); d.Args != nil && earlier.Args != nil && (nearest == nil || n < distance) {
			nearest, distance = &earlier, n
		}
		if seen++; seen == maxEarlier {
			break
		}
	}
	switch {
	case equal != nil:
		return whyAgain(*equal)
	case nearest != nil:
		return whyDifferent(*nearest, d)
	case d.Number == 1:
		return whyView{"new", "It was the first call of this work in this process."}
	}
	return whyView{"unknown", "No earlier call that is remembered had the same arguments."}
}

// whyAgain explains a miss after an equal call.
func whyAgain(equal runtime.CallDetail) whyView {
	as := fmt.Sprintf("Call %d had the same arguments, ", equal.Number)
	switch {
	case equal.Removed != 0:
		return whyView{equal.Removed.String(), as + map[runtime.Removal]string{
			runtime.Evicted:   "but its result was evicted to make room for others.",
			runtime.Expired:   "but its result has expired.",
			runtime.Forgotten: "but its result was forgotten.",
		}[equal.Removed]}
	case equal.Status == runtime.Failed:
		return whyView{"failed", as + "but failed, and errors are not kept."}
	case equal.Status == runtime.Stopped:
		return whyView{"stopped", as + "but was stopped before it had a result."}
	}
	return whyView{"off", as + "but its result was not kept: caching is off, or it was forgotten meanwhile."}
}

// whyDifferent explains a miss by what is different in the nearest earlier call.
func whyDifferent(nearest, d runtime.CallDetail) whyView {
	names := different(nearest, d)
	if len(names) == 0 {
		return whyView{"arguments", fmt.Sprintf(
			"Its arguments look like those of call %d, but differ in what is not shown of them.", nearest.Number)}
	}
	var parts []string
	for _, name := range names {
		is, was := argNamed(d, name), argNamed(nearest, name)
		if is.Secret || was.Secret {
			parts = append(parts, name+" has changed")
			continue
		}
		if is.Text == was.Text && is.Files() {
			parts = append(parts, fmt.Sprintf("the content of %s %s has changed", name, short(is.Text, 60)))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s is %s and was %s", name, short(is.Text, 60), short(was.Text, 60)))
	}
	return whyView{"arguments", fmt.Sprintf("No earlier call had the same arguments. The nearest is call %d: %s.",
		nearest.Number, strings.Join(parts, ", "))}
}

// different returns the names of arguments that differ as far as one can see.
func different(a, b runtime.CallDetail) (names []string) {
	for i, arg := range b.Args {
		if i >= len(a.Args) || a.Args[i].Text != arg.Text || a.Args[i].Digest != arg.Digest {
			names = append(names, arg.Name)
		}
	}
	return names
}

// argNamed returns the argument of some name, and the zero one if there is none.
func argNamed(d runtime.CallDetail, name string) (a store.Arg) {
	if i := slices.IndexFunc(d.Args, func(a store.Arg) bool { return a.Name == name }); i >= 0 {
		return d.Args[i]
	}
	return a
}
