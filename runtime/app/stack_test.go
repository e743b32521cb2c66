package app

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/workgen/workgen/runtime"
)

func TestAStackIsFoldedAtTheUsersFrames(t *testing.T) {
	const head = "goroutine 7 [running]:\nruntime/debug.Stack()\n\t/go/debug/stack.go:26 +0x64\n" +
		"github.com/workgen/workgen/runtime.recovered({0x1, 0x2})\n\t/workgen/runtime/call.go:1 +0x1\npanic({0x1?, 0x2?})\n\t/go/panic.go:783 +0x132\n" +
		"runtime.panicIndex(...)\n\t/go/panic.go:1\n"
	const flow = "github.com/workgen/workgen/runtime/app.(*App).counting.func1({0x1, 0x2})\n\t/workgen/runtime/app/passes.go:1 +0x1\n"
	const user = "example.com/sales/report.(*Report).Run(0xc0001)\n\t/home/ann/report.go:12 +0x1d\n" +
		"reflect.Value.Call(...)\n\t/go/reflect.go:1\nmain.each(0x1)\n\t/home/ann/main.go:3 +0x1\n"
	const tail = "example.com/sales/report.NewReportRunner.func1()\n\t/home/ann/workgen_gen.go:40 +0x1\n" +
		"github.com/workgen/workgen/runtime.(*execution).run(0x1)\n\t/workgen/runtime/execution.go:1 +0x1\n" +
		"created by github.com/workgen/workgen/runtime.(*execution).HasSlot in goroutine 1\n\t/workgen/runtime/execution.go:2 +0x1\n"
	if got := foldStack(head + user + flow + tail); got != (stackView{head, user, flow + tail}) {
		t.Errorf("got %+v", got)
	}
	for _, text := range []string{"", "cut", head, tail, "\tno function"} {
		if got := foldStack(text); got.Before+got.User+got.After != text {
			t.Errorf("%q: %+v", text, got)
		}
	}
	if got := foldStack(head + tail); got.User != "" {
		t.Errorf("of nobody: %+v", got)
	}
	if !isUsers("github.com/workgen/workgen/examples/daily.Run()\n\t/x.go:1\n") {
		t.Error("examples are users, too")
	}
}

// TestTheStackOfAFlowIsFoldedInTheBanner, as that of a call is on its page.
func TestTheStackOfAFlowIsFoldedInTheBanner(t *testing.T) {
	w := newWork("panics.Flow", func(_ context.Context, day string) (string, error) { return explode(day), nil })
	_, err := w.Run(t.Context(), "a")
	var out strings.Builder
	body := struct{ Alerts []alertView }{loopAlerts(runtime.LoopStatus{State: runtime.LoopEnded, Err: err})}
	if err := (format{}).templates().ExecuteTemplate(&out, "banner", body); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`<span class="own">` + module + "/runtime/app.explode(", "<summary>Frames above</summary>", "<summary>Frames that called it</summary>"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("the banner has no %s:\n%s", part, out.String())
		}
	}
}

func explode(string) string { panic("ouch") }

// TestAStackOfARealPanicIsFolded looks at what Go writes now.
func TestAStackOfARealPanicIsFolded(t *testing.T) {
	w := newWork("panics.Work", func(_ context.Context, day string) (string, error) { return explode(day), nil })
	_, err := w.Run(t.Context(), "a")
	var panicked *runtime.PanicError
	if !errors.As(err, &panicked) {
		t.Fatal(err)
	}
	got := foldStack(string(panicked.Stack))
	if !strings.HasPrefix(got.User, module+"/runtime/app.explode(") || !strings.Contains(got.Before, "panic(") || !strings.Contains(got.After, "runtime.(*execution)") {
		t.Errorf("got %+v", got)
	}
	if strings.Contains(got.User, "(*execution)") {
		t.Errorf("frames of workgen are shown: %s", got.User)
	}
}
