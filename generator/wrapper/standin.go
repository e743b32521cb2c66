package wrapper

// StandIns declare what the packages of the runtime do, as far as code can get at it
// by way of a runner: they are type-checked in place of those, as long as a module
// does not have them.
var StandIns = map[string]string{
	RuntimePath: `package runtime

import "context"

type (
	Option                            interface{ apply(*int) }
	Stats                             struct{ stats int }
	CallStatus                        struct{ status int }
	Runner                            struct{ runner int }
	Call[R any]                       struct{ call int }
)

func (*Runner) Close(context.Context) error { return nil }
func (*Runner) ForgetAll()                  {}
func (*Runner) History() []CallStatus       { return nil }
func (*Runner) Name() string                { return "" }
func (*Runner) Pause()                      {}
func (*Runner) Resume()                     {}
func (*Runner) Stats() Stats                { return Stats{} }
func (*Runner) Status() CallStatus          { return CallStatus{} }

func (*Call[R]) Done() <-chan struct{}                { return nil }
func (*Call[R]) Result() (r R, err error)             { return }
func (*Call[R]) Status() CallStatus                   { return CallStatus{} }
func (*Call[R]) Stop()                                {}
func (*Call[R]) Value() (r R)                         { return }
func (*Call[R]) Wait(context.Context) (r R, err error) { return }
`,
	KeyPath: `package key

type (
	Encoder struct{ encoder int }
	Key     [32]byte
)

func (Key) IsZero() bool                 { return false }
func (Key) MarshalText() ([]byte, error) { return nil, nil }
func (Key) String() string               { return "" }
func (*Key) UnmarshalText([]byte) error  { return nil }
`,
}
