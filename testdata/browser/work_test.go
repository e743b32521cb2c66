package browser

import (
	"context"
	"hash/maphash"
	"log/slog"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/key"
)

// work stands for a generated runner.
type work struct {
	*runtime.Runner
	calls *runtime.Calls[args, args, result]
}

type args struct{ Day, Source string }

type result struct {
	Day  string
	Rows []int
}

var seed = maphash.MakeSeed()

func newWork(name string, body func(context.Context, args) (result, error), opts ...runtime.Option) *work {
	opts = append(opts, runtime.WithLogger(slog.New(slog.DiscardHandler)))
	identify := func(a args) (uint64, args, *key.Encoder) { return maphash.Comparable(seed, a), a, nil }
	calls := runtime.NewCalls(runtime.Spec[args, args, result]{
		Name: "example.com/" + name, Schema: "s1", Code: &runtime.Code{Sum: "c1"}, Execute: body, Identify: identify,
		Encode: func(a *args, e *key.Encoder) {
			e.String(a.Day)
			e.Next()
			e.String(a.Source)
		},
		Inputs: []string{"day string", "source string"},
	}, opts...)
	return &work{calls.Runner(), calls}
}

func (w *work) Start(ctx context.Context, a args) *runtime.Call[result] {
	return w.calls.Start(ctx, a)
}
