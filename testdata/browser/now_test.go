package browser

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/app"
)

// rows is the expression for the text of a list of the first view.
func rows(list string) string {
	return `[...document.querySelectorAll("#` + list + ` tbody tr")].map((r) => r.innerText).join("\n")`
}

func TestTheFirstViewFollowsWhatRunsWaitsAndFails(t *testing.T) {
	resume := make(chan struct{})
	s := serve(t, false, resume, "01/02/25")
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"))
	eventually(t, tab, rows("running")+`.includes("daily.DataProcessor")`)
	eventually(t, tab, rows("waiting")+`.includes("a slot")`)
	eventually(t, tab, `document.querySelectorAll("#waiting tbody tr").length === 2`)
	shot(t, tab, "now-busy")
	for range 3 {
		resume <- struct{}{}
	}
	eventually(t, tab, `!`+rows("running")+`.includes("daily.DataProcessor")`)
	eventually(t, tab, `!`+rows("waiting")+`.includes("a slot")`)
	eventually(t, tab, `document.querySelector("#all").innerText.includes("succeeded")`)
	shot(t, tab, "now-done")
	if found := violations(t, tab); found != "" {
		t.Error(found)
	}
}

// TestAFlowThatBlocksIsSaidWithItsStackFolded.
func TestAFlowThatBlocksIsSaidWithItsStackFolded(t *testing.T) {
	end := make(chan struct{})
	a := &app.App{Works: []*runtime.Runner{}, Loop: &runtime.Loop{Flow: func(context.Context) error { <-end; return nil }}}
	defer close(end)
	url := serveApp(t, a, func() bool { return true })
	tab := browser(t)
	do(t, tab, chromedp.Navigate(url+"/view"))
	eventually(t, tab, `document.querySelector("#banners .bad")?.innerText.includes("The flow blocks")`)
	if eval[bool](t, tab, `document.querySelector("#banners pre").checkVisibility()`) {
		t.Error("the stack is not folded")
	}
	do(t, tab, chromedp.Click(css("#banners summary")))
	eventually(t, tab, `document.querySelector("#banners pre .own")?.checkVisibility()`)
	eventually(t, tab, `document.querySelector("#banners pre .own").innerText.startsWith("github.com/workgen/workgen/testdata/browser.TestAFlowThatBlocks")`)
	if eval[bool](t, tab, `document.querySelector("#banners pre:not(:has(.own))").checkVisibility()`) {
		t.Error("frames of others are not folded")
	}
	shot(t, tab, "now-blocked")
	if found := violations(t, tab); found != "" {
		t.Error(found)
	}
}

// TestAPageSaysHowTheFlowEndedWhenTheProcessIsGone.
func TestAPageSaysHowTheFlowEndedWhenTheProcessIsGone(t *testing.T) {
	steps := make(chan error)
	read, write := io.Pipe()
	a := &app.App{Addr: "127.0.0.1:0", Stderr: write, Logger: slog.New(slog.DiscardHandler), Works: []*runtime.Runner{}, Loop: &runtime.Loop{Flow: func(context.Context) error {
		return <-steps
	}}}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(t.Context()) }()
	said := make([]byte, 1000)
	n, err := read.Read(said)
	_, url, found := strings.Cut(strings.TrimSpace(string(said[:n])), "browser: ")
	if err != nil || !found {
		t.Fatal(err, string(said[:n]))
	}
	tab := browser(t)
	do(t, tab, chromedp.Navigate(url))
	eventually(t, tab, `document.querySelector("#loop").innerText.includes("pass 1")`)
	steps <- nil
	a.Loop.Wake()
	eventually(t, tab, `document.querySelector("#loop").innerText.includes("pass 2")`) // it is followed
	steps <- errors.New("the disk is full")
	eventually(t, tab, `document.querySelector("#banners .bad")?.innerText.includes("the disk is full")`)
	if err := <-ended; err == nil {
		t.Error("the app did not end with the error of its flow")
	}
	eventually(t, tab, `document.querySelector("#pill").innerText.includes("ended")`)
	eventually(t, tab, `document.querySelector("#truth").innerText !== ""`) // the connection is lost
	shot(t, tab, "now-ended")
}
