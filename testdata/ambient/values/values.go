package values

import "context"

//workgen:work
type Values struct{}

func (Values) Run(ctx context.Context, n int) (int, error) {
	ctx = context.WithValue(ctx, own{}, n)
	ctx = context.WithValue(withCache(ctx), second, n)
	ctx = context.WithValue(Tenant(ctx), shared{}, n)
	ctx = context.WithValue(withHalf(ctx), Open, n)
	ctx = context.WithValue(ctx, "text", n)
	put(ctx, given{}, n)
	Visit(ctx, func(ctx context.Context) { n += visited(ctx) })
	within(ctx, func(ctx context.Context) { n += inside(ctx) })
	set := reads(ctx) + cached(ctx) + numbered(ctx) + never(ctx)
	return set + user(ctx) + tenant(ctx) + half(ctx) + sharedOf(ctx) + open(ctx) + text(ctx) + givenOf(ctx) + listed(ctx), nil
}

// Run alone sets what is in these.

type own struct{}

func reads(ctx context.Context) int { return ctx.Value(own{}).(int) }

type cache struct{}

func withCache(ctx context.Context) context.Context {
	return context.WithValue(ctx, cache{}, map[string]int{})
}

func cached(ctx context.Context) int { return len(ctx.Value(cache{}).(map[string]int)) }

type number int

const (
	first number = iota
	second
)

func numbered(ctx context.Context) int { return ctx.Value(first).(int) + ctx.Value(second).(int) }

// A caller of Run can set what is in those, or somebody will.

type unset struct{}

func never(ctx context.Context) int {
	n, _ := ctx.Value(unset{}).(int) // want context.Context.Value
	return n
}

type account struct{}

func WithUser(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, account{}, n)
}

func user(ctx context.Context) int { return ctx.Value(account{}).(int) } // want context.Context.Value

type tenancy struct{}

func Tenant(ctx context.Context) context.Context { return context.WithValue(ctx, tenancy{}, 1) }

func tenant(ctx context.Context) int { return ctx.Value(tenancy{}).(int) } // want context.Context.Value

type halved struct{}

func withHalf(ctx context.Context) context.Context { return context.WithValue(ctx, halved{}, 1) }

func Halve(ctx context.Context) context.Context { return withHalf(ctx) }

func half(ctx context.Context) int { return ctx.Value(halved{}).(int) } // want context.Context.Value

type shared struct{}

func Serve(ctx context.Context, next func(context.Context)) {
	next(context.WithValue(ctx, shared{}, 2))
}

type visit struct{}

func Visit(ctx context.Context, next func(context.Context)) { next(context.WithValue(ctx, visit{}, 2)) }

func visited(ctx context.Context) int { return ctx.Value(visit{}).(int) } // want context.Context.Value

type around struct{}

func within(ctx context.Context, next func(context.Context)) {
	next(context.WithValue(ctx, around{}, 2))
}

func Within(ctx context.Context, next func(context.Context)) { within(ctx, next) }

func inside(ctx context.Context) int { return ctx.Value(around{}).(int) } // want context.Context.Value

func sharedOf(ctx context.Context) int { return ctx.Value(shared{}).(int) } // want context.Context.Value

type opened int

const Open opened = 1

func open(ctx context.Context) int { return ctx.Value(Open).(int) } // want context.Context.Value

func text(ctx context.Context) int { return ctx.Value("text").(int) } // want context.Context.Value

type given struct{}

func put(ctx context.Context, key any, n int) context.Context { return context.WithValue(ctx, key, n) }

func givenOf(ctx context.Context) int { return ctx.Value(given{}).(int) } // want context.Context.Value

type list struct{}

var Keys = []any{list{}}

func listed(ctx context.Context) int { return ctx.Value(list{}).(int) } // want context.Context.Value
