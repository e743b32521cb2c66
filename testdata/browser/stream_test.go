package browser

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// streaming waits until some number of streams is open.
func (s *site) streaming(t *testing.T, n int32) {
	t.Helper()
	for end := time.Now().Add(patience); s.streams.Load() != n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d streams are open, not %d", s.streams.Load(), n)
		}
	}
}

func TestOfTwelveTabsFourHaveStreamsAndAllFollow(t *testing.T) {
	s := serve(t, true, nil)
	first := browser(t)
	do(t, first, chromedp.Navigate(s.url+"/view"))
	tabs := []context.Context{first}
	for range 11 {
		tab, _ := another(t, first)
		do(t, tab, chromedp.Navigate(s.url+"/view"))
		tabs = append(tabs, tab)
	}
	s.streaming(t, 4)
	do(t, tabs[11], chromedp.Click(css("#run")))
	for i, tab := range tabs {
		eventually(t, tab, status+` === "✓ succeeded"`)
		if t.Failed() {
			t.Fatalf("tab %d", i+1)
		}
	}
	if n := s.streams.Load(); n != 4 {
		t.Errorf("%d streams are open for twelve tabs", n)
	}
}

// visibility is what the browser does when the reader turns to another tab, and back.
func visibility(t *testing.T, tab context.Context, state string) {
	t.Helper()
	eval[bool](t, tab, fmt.Sprintf(`Object.defineProperty(document, "visibilityState", {value: %q, configurable: true}); document.dispatchEvent(new Event("visibilitychange"))`, state))
}

func TestAHiddenTabHasNoStreamUntilItIsShown(t *testing.T) {
	s := serve(t, true, nil)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"))
	s.streaming(t, 1)
	visibility(t, tab, "hidden")
	s.streaming(t, 0)
	s.Loop.Resume()
	visibility(t, tab, "visible")
	eventually(t, tab, status+` === "✓ succeeded"`)
	s.streaming(t, 1)
}

const banner = `document.querySelector("#truth").innerText`

func TestAPageSaysWhenTheConnectionIsLostAndBack(t *testing.T) {
	s := serve(t, true, nil)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"))
	s.streaming(t, 1)
	cut := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			c.Close()
		}
	})
	s.instead.Store(&cut)
	s.server.CloseClientConnections()
	began := time.Now()
	eventually(t, tab, banner+`.includes("Connection lost")`)
	t.Logf("said after %v", time.Since(began))
	shot(t, tab, "lost")
	if found := violations(t, tab); found != "" {
		t.Errorf("axe-core finds\n%s", found)
	}
	eventually(t, tab, `"lost" in document.body.dataset`)
	s.Loop.Resume()
	s.instead.Store(nil)
	eventually(t, tab, status+` === "✓ succeeded"`)
	eventually(t, tab, banner+` === "" && !("lost" in document.body.dataset)`)
}

func TestAPageSaysWhenAnotherProcessAnswers(t *testing.T) {
	s := serve(t, true, nil)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"))
	s.streaming(t, 1)
	other := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "retry: 100\nevent: alive\ndata: {\"process\":\"other\",\"now\":%d}\n\n"+
			"event: page\ndata: [\"<main id=main>what another process says</main>\"]\n\n", time.Now().UnixMilli())
	})
	s.instead.Store(&other)
	s.server.CloseClientConnections()
	eventually(t, tab, banner+`.includes("The app was restarted")`)
	shot(t, tab, "restarted")
	if eval[bool](t, tab, `document.body.innerText.includes("what another process says")`) {
		t.Error("a page mixes two processes")
	}
	s.instead.Store(nil)
	do(t, tab, chromedp.Click(css("#truth-old button")))
	eventually(t, tab, banner+` === "" && !("old" in document.body.dataset)`)
}

func TestAPageSaysWhenTheClocksAreApart(t *testing.T) {
	s := serve(t, true, nil)
	tab := browser(t)
	ahead := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "retry: 60000\nevent: alive\ndata: {\"process\":\"\",\"now\":%d}\n\n", time.Now().Add(3*time.Minute+time.Second/2).UnixMilli())
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	do(t, tab, chromedp.Navigate(s.url+"/view"))
	s.streaming(t, 1)
	s.instead.Store(&ahead)
	s.server.CloseClientConnections()
	eventually(t, tab, banner+`.includes("3 min 0 s behind that of the app")`)
}

func TestTheShownTimesAreSwitchedWithoutScript(t *testing.T) {
	s := serve(t, true, nil)
	tab := browser(t)
	do(t, tab, withoutScript(), chromedp.Navigate(s.url+"/view?q=x"))
	for _, mode := range []string{"relative", "utc", "local"} {
		do(t, tab, chromedp.Click(css(`.times a[href*="tz=`+mode+`"]`)), chromedp.WaitVisible(css(`.times a[aria-current][href*="tz=`+mode+`"]`)))
		do(t, tab, chromedp.Navigate(s.url+"/view/works/daily.DataProcessor"), chromedp.WaitVisible(css(`.times a[aria-current][href*="tz=`+mode+`"]`)))
		do(t, tab, chromedp.Navigate(s.url+"/view?q=x"))
	}
}

// TestNothingMovesThatHasNotChanged watches what the script does to a page while the flow runs without
// doing anything.
func TestNothingMovesThatHasNotChanged(t *testing.T) {
	s := serve(t, false, nil)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view/works/daily.DataProcessor"))
	eventually(t, tab, `document.querySelectorAll("#executions tbody tr").length === 3`)
	eval[bool](t, tab, `window.touched = []; new MutationObserver((list) => {
		for (const m of list) if (!(m.target.closest ?? (() => false)).call(m.target, "time")) touched.push(m.type + " " + m.target.nodeName + " " + m.target.textContent.slice(0, 60));
	}).observe(document.querySelector("#executions"), {childList: true, subtree: true, characterData: true, attributes: true}); true`)
	for range 5 {
		s.Loop.Wake()
		time.Sleep(600 * time.Millisecond)
	}
	if got := eval[string](t, tab, `touched.join("\n")`); got != "" {
		t.Errorf("touched:\n%s", got)
	}
}

func TestAPageThatDoesNotChangeIsNotFollowed(t *testing.T) {
	s := serve(t, true, nil)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view/works/none"))
	time.Sleep(time.Second) // within which one that is followed says that it cannot be
	if got := eval[string](t, tab, banner); got != "" {
		t.Errorf("an error says %q", got)
	}
}
