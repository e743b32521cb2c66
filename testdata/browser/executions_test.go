package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestTheListIsFilteredByLinksAndFields: the address has the filters, and a link removes each.
func TestTheListIsFilteredByLinksAndFields(t *testing.T) {
	s := serveRealistic(t)
	tab := browser(t)
	do(t, tab, withoutScript(), chromedp.Navigate(s.url+"/view/executions"))
	rows := func(expression string) string {
		return `[...document.querySelectorAll("#executions tbody tr")].every((r) => ` + expression + `)`
	}
	do(t, tab, chromedp.Click(css(`.chip[href*="status=failed"]`)))
	eventually(t, tab, `location.search === "?status=failed" && `+rows(`r.querySelector(".status.failed")`))
	do(t, tab, chromedp.SendKeys(css("#since"), "today"), chromedp.SendKeys(css("#filter #q"), "South Pole"+kb.Enter))
	eventually(t, tab, `location.search.includes("status=failed") && location.search.includes("since=today") && location.search.includes("q=South")`)
	eventually(t, tab, rows(`r.innerText.includes("South Pole") && r.querySelector(".status.failed")`))
	do(t, tab, chromedp.Click(css(`.chip[aria-current][href]:not([href*="q="])`)))
	eventually(t, tab, `!location.search.includes("q=") && location.search.includes("status=failed")`)
	do(t, tab, chromedp.Navigate(s.url+"/view/executions?machine=nowhere"))
	eventually(t, tab, `document.querySelector("#executions").innerText === "No executions like that."`)
}

// TestAPointOfTheTrendLeadsToItsExecution: by the keyboard, and without script.
func TestAPointOfTheTrendLeadsToItsExecution(t *testing.T) {
	s := serveRealistic(t)
	tab := browser(t)
	do(t, tab, withoutScript(), chromedp.Navigate(s.url+"/view/executions?status=failed"))
	eventually(t, tab, `document.querySelectorAll("#trend svg a .failed").length > 1`)
	do(t, tab, chromedp.Evaluate[chromedp.Void](`document.querySelector("#trend svg a").focus()`))
	label := eval[string](t, tab, `document.activeElement.getAttribute("aria-label")`)
	if title := eval[string](t, tab, `document.activeElement.querySelector("title").textContent`); title != label || label == "" {
		t.Errorf("the point says %q, and under the pointer %q", label, title)
	}
	do(t, tab, chromedp.KeyEvent(kb.Enter))
	eventually(t, tab, `location.pathname.startsWith("/view/calls/") && /^#(execution|attempt)-\d+$/.test(location.hash)`)
}
