package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/workgen/workgen/runtime"
)

// addressOf returns the address of the newest call of a work with a store that has a status.
func addressOf(t *testing.T, r *runtime.Runner, status runtime.Status) string {
	t.Helper()
	for d := range runtime.Inspect(r).Calls(0) {
		if d.Status == status && !d.Key.IsZero() {
			return "/view/calls/" + d.Key.String()
		}
	}
	t.Fatalf("no call of %s is %s", r.Name(), status)
	return ""
}

// TestTheCallsPage finds text, unfolds what an address names, and has a time line with an axis.
func TestTheCallsPage(t *testing.T) {
	s := serveRealistic(t)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+addressOf(t, s.Validate.Runner, runtime.Failed)))
	eventually(t, tab, `document.querySelectorAll(".execution").length > 0`)
	if got := eval[string](t, tab, `document.querySelector(".execution .own").innerText`); !strings.Contains(got, "sales.cheaper") {
		t.Errorf("the user's frames are %q", got)
	}
	if n := eval[int](t, tab, `[...document.querySelectorAll(".execution pre.stack")].filter((e) => e.innerText.includes("runtime.(*execution)") && e.checkVisibility({contentVisibilityAuto: true, checkVisibilityCSS: true}) && e.getBoundingClientRect().height > 0 && e.closest("details:not([open])") === null).length`); n != 0 {
		t.Error("frames of workgen are not folded")
	}
	do(t, tab, chromedp.SendKeys(css("#find"), "product 11"))
	eventually(t, tab, `document.querySelector("#found").value === "1 found"`)
	eventually(t, tab, `[...document.querySelectorAll("#arguments details")].some((d) => d.open)`)
	if n := eval[int](t, tab, `document.querySelectorAll(".timeline svg line.grid").length`); n == 0 {
		t.Error("the time line has no axis")
	}
	shot(t, tab, "call-found")
	// An address leads to an execution that is folded.
	do(t, tab, chromedp.Navigate("about:blank"))
	do(t, tab, chromedp.Navigate(s.url+addressOf(t, s.Validate.Runner, runtime.Failed)))
	last := eval[string](t, tab, `[...document.querySelectorAll(".execution > div")].at(-1).id`)
	do(t, tab, chromedp.Navigate(s.url+addressOf(t, s.Validate.Runner, runtime.Failed)+"#"+last))
	eventually(t, tab, `document.getElementById("`+last+`").parentElement.open`)
}

// TestActionsWithoutScript asks, does, and says what it did.
func TestActionsWithoutScript(t *testing.T) {
	s := serveRealistic(t)
	tab := browser(t)
	do(t, tab, withoutScript(), chromedp.Navigate(s.url+addressOf(t, s.Aggregate.Runner, runtime.Succeeded)),
		chromedp.Click(css("#forget-confirm summary")), chromedp.WaitVisible(css("#forget")))
	shot(t, tab, "call-confirm")
	do(t, tab, chromedp.Click(css("#forget")), chromedp.WaitVisible(css("#notice")))
	shot(t, tab, "call-notice")
	text, err := chromedp.Run(tab, chromedp.Text(css("#notice")))
	if err != nil || !strings.Contains(text, "1 call was forgotten") {
		t.Errorf("it says %q, %v", text, err)
	}
}

// TestACallIsStoppedFromItsPage, which says so without being loaded anew.
func TestACallIsStoppedFromItsPage(t *testing.T) {
	s := serveRealistic(t)
	tab := browser(t)
	at := addressOf(t, s.Train.Runner, runtime.Running)
	do(t, tab, chromedp.Navigate(s.url+at), chromedp.Click(css("#stop-confirm summary")), chromedp.Click(css("#stop"), chromedp.NodeVisible))
	eventually(t, tab, `["stopped", "stopping"].some((s) => document.querySelector("#call").innerText.includes(s))`)
}
