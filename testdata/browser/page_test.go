package browser

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// status is the expression for the status that the page shows of the work.
const status = `document.querySelector("[id='work-daily.DataProcessor'] .status").innerText`

func TestRunStartsTheFlowAndThePageFollowsIt(t *testing.T) {
	resume := make(chan struct{})
	s := serve(t, true, resume)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"))
	eventually(t, tab, status+` === "○ not started"`)
	shot(t, tab, "waiting")
	do(t, tab, chromedp.Evaluate[chromedp.Void]("window.sameDocument = true"), chromedp.Click(css("#run")))
	eventually(t, tab, status+` === "◔ pending"`) // the latest call; one at a time runs
	eventually(t, tab, `document.querySelector("#live").innerText === "The flow runs."`)
	eventually(t, tab, `document.querySelector("#pause")`)
	shot(t, tab, "running")
	for range 2 {
		resume <- struct{}{}
	}
	eventually(t, tab, status+` === "▶ running"`)
	resume <- struct{}{}
	eventually(t, tab, status+` === "✓ succeeded"`)
	eventually(t, tab, "window.sameDocument")
	do(t, tab, chromedp.Click(css("#pause")))
	eventually(t, tab, `document.querySelector("#run").innerText === "Go on"`)
	shot(t, tab, "paused")
}

func TestAForgottenCallExecutesAgain(t *testing.T) {
	s := serve(t, false, nil)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"), chromedp.Click(css(`[id='work-daily.DataProcessor'] a`)))
	eventually(t, tab, `document.querySelectorAll("#executions tbody tr").length >= 3`)
	do(t, tab, chromedp.Click(css(`[id^='e-daily.DataProcessor:1@'] a`)))
	eventually(t, tab, `document.querySelector("#result")?.innerText.includes("6765")`)
	before := s.work.Stats().Executions
	if eval[bool](t, tab, `document.querySelector("#forget").checkVisibility()`) {
		t.Error("forgetting needs no confirmation")
	}
	do(t, tab, chromedp.Click(css("#forget-confirm summary")))
	shot(t, tab, "confirm")
	do(t, tab, chromedp.Click(css("#forget")))
	for end := time.Now().Add(10 * time.Second); s.work.Stats().Executions == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was not executed again")
		}
	}
}

func TestWithoutScriptThePageWorksByReloading(t *testing.T) {
	s := serve(t, true, nil)
	tab := browser(t)
	do(t, tab, withoutScript(), chromedp.Navigate(s.url+"/view"), chromedp.Click(css("#run"), chromedp.NodeVisible), chromedp.WaitVisible(css("#pause")))
	for end := time.Now().Add(patience); ; {
		do(t, tab, chromedp.Reload())
		if shown, err := chromedp.Run(tab, chromedp.Text(css(`[id='work-daily.DataProcessor'] .status`))); err == nil && shown == "✓ succeeded" {
			break
		} else if time.Now().After(end) {
			t.Fatal(shown, err)
		}
	}
	before := s.work.Stats().Executions
	do(t, tab, chromedp.Navigate(s.url+"/view/calls/"+s.call(t, "daily.DataProcessor", 1)),
		chromedp.Click(css("#forget-confirm summary")), chromedp.Click(css("#forget"), chromedp.NodeVisible), chromedp.WaitVisible(css("#call")))
	for end := time.Now().Add(10 * time.Second); s.work.Stats().Executions == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was not executed again")
		}
	}
}

func TestTheReadersInputSurvivesChanges(t *testing.T) {
	resume := make(chan struct{})
	s := serve(t, false, resume, "05/26/22")
	tab := browser(t)
	resume <- struct{}{}
	resume <- struct{}{}
	do(t, tab, chromedp.Navigate(s.url+"/view/works/daily.DataProcessor"))
	eventually(t, tab, `document.querySelector("#executions .status.failed")`)
	do(t, tab, chromedp.Click(css("#all summary")), chromedp.SendKeys(css("#q"), "sales"))
	eventually(t, tab, `document.querySelector("[id^='e-daily.DataProcessor:3@'] .status").innerText.includes("running")`)
	resume <- struct{}{}
	eventually(t, tab, `document.querySelector("[id^='e-daily.DataProcessor:3@'] .status").innerText.includes("succeeded")`)
	if got := eval[string](t, tab, `document.querySelector("#q").value + " " + document.activeElement.id + " " + document.querySelector("#all").open`); got != "sales q true" {
		t.Errorf("got %s", got)
	}
	do(t, tab, chromedp.SendKeys(css("#q"), kb.Enter))
	eventually(t, tab, `location.search.includes("q=sales") && document.querySelectorAll("#executions tbody tr").length >= 3`) // the failed one may be tried again by now
	do(t, tab, chromedp.Click(css(`.chip[href*="status=failed"]`)))
	eventually(t, tab, `location.search.includes("q=sales") && document.querySelectorAll("#executions .status.failed").length > 0 && !document.querySelector("#executions .status.succeeded")`)
}

func TestTheKeyboardIsEnough(t *testing.T) {
	s := serve(t, true, nil)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"))
	for i := 0; eval[string](t, tab, "document.activeElement.id") != "run"; i++ {
		if i == 40 {
			t.Fatal("the run button cannot be reached with the tabulator")
		}
		do(t, tab, chromedp.KeyEvent(kb.Tab))
	}
	if eval[string](t, tab, `getComputedStyle(document.activeElement).outlineStyle`) == "none" {
		t.Error("one cannot see where the focus is")
	}
	do(t, tab, chromedp.KeyEvent(kb.Enter))
	eventually(t, tab, status+` === "✓ succeeded"`)
	if got := eval[string](t, tab, "document.activeElement.localName"); got != "button" && got != "body" {
		t.Errorf("the focus went to %s", got)
	}
}

func TestPagesHaveTheColoursAndTheMotionThatTheReaderWants(t *testing.T) {
	s := serve(t, false, nil, "05/26/22")
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"))
	eventually(t, tab, `document.querySelector("td")`)
	brightness := `Number(getComputedStyle(document.documentElement).backgroundColor.match(/\d+/)[0])`
	moving := `(() => { const e = document.querySelector("td"); e.dataset.changed = "yes"; const moves = getComputedStyle(e).animationName !== "none"; delete e.dataset.changed; return moves })()`
	for _, dark := range []bool{false, true} {
		for _, still := range []bool{false, true} {
			do(t, tab, scheme(dark, still))
			if got := eval[int](t, tab, brightness) < 100; got != dark {
				t.Errorf("dark is %v, but should be %v", got, dark)
			}
			if got := eval[bool](t, tab, moving); got == still {
				t.Errorf("moves: %v, though the reader wants no motion: %v", got, still)
			}
		}
	}
}

// TestTheTokenIsAskedForOnce goes through the form.
func TestTheTokenIsAskedForOnce(t *testing.T) {
	s := serve(t, true, nil)
	s.Token = "0123456789abcdef"
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"), chromedp.WaitVisible(css("#token")))
	shot(t, tab, "token")
	if found := violations(t, tab); found != "" {
		t.Errorf("axe-core finds\n%s", found)
	}
	do(t, tab, chromedp.SendKeys(css("#token"), "wrong"+kb.Enter), chromedp.WaitVisible(css(".error")),
		chromedp.SendKeys(css("#token"), s.Token+kb.Enter), chromedp.WaitVisible(css("#run")), chromedp.Click(css("#run")))
	eventually(t, tab, status+` === "✓ succeeded"`)
}

// TestNothingIsBlockedByThePolicy looks for errors that the browser reports.
func TestNothingIsBlockedByThePolicy(t *testing.T) {
	s := serve(t, false, nil)
	tab := browser(t)
	for _, path := range []string{"/view", "/view/works/daily.DataProcessor", "/view/calls/" + s.call(t, "daily.DataProcessor", 1)} {
		do(t, tab, chromedp.Navigate(s.url+path))
		missing := eval[string](t, tab, `performance.getEntriesByType("resource").filter((r) => r.responseStatus >= 400).map((r) => r.name).join()`)
		if missing != "" {
			t.Errorf("%s: %s", path, missing)
		}
		if n := eval[int](t, tab, "document.styleSheets.length"); n != 1 {
			t.Errorf("%s: %d style sheets", path, n)
		}
	}
	if got := eval[string](t, tab, `(() => { const s = document.createElement("script"); s.textContent = "window.injected = true"; document.body.append(s); return String(window.injected) })()`); got != "undefined" {
		t.Error("a script that was put into the page runs")
	}
}
