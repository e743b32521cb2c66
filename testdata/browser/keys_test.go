package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestKeysDoWhatTheHelpSays(t *testing.T) {
	s := serve(t, false, nil)
	tab := browser(t)
	do(t, tab, chromedp.Navigate(s.url+"/view"))
	eventually(t, tab, status+` === "✓ succeeded"`)
	press := func(keys string) { t.Helper(); do(t, tab, chromedp.KeyEvent(keys)) }
	at := `document.activeElement.closest("tr")?.id`

	press("j")
	eventually(t, tab, at+` === document.querySelector("main tbody tr:has(a)").id`)
	press("j")
	press("k")
	eventually(t, tab, at+` === document.querySelector("main tbody tr:has(a)").id`)
	press(kb.Enter) // what the browser does with a link that has the focus
	eventually(t, tab, `location.pathname.includes("/view/works/")`)

	eventually(t, tab, `document.readyState === "complete"`) // so that the script is there
	press("?")
	eventually(t, tab, `document.querySelector("dialog[open]")?.innerText.includes("next row")`)
	shot(t, tab, "keys")
	if found := violations(t, tab); found != "" {
		t.Errorf("axe-core finds\n%s", found)
	}
	press(kb.Escape)
	eventually(t, tab, `!document.querySelector("dialog")`)

	press("/")
	eventually(t, tab, `document.activeElement.type === "search"`)
	press("gn?") // is text now
	eventually(t, tab, `document.activeElement.value.endsWith("gn?")`)
	press(kb.Escape)
	eventually(t, tab, `document.activeElement === document.body`)

	press("g")
	press("n")
	eventually(t, tab, `location.pathname.endsWith("/view")`)
}
