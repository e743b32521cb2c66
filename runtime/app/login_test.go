package app

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
)

const (
	testToken = "0123456789abcdef"
	form      = "Content-Type: application/x-www-form-urlencoded"
)

// guardedApp is one with a token that is reached from elsewhere.
func guardedApp(t *testing.T) *running {
	r := start(t, &App{Addr: "0.0.0.0:0", Token: testToken})
	r.url = regexp.MustCompile(`//.*:`).ReplaceAllString(r.url, "//127.0.0.1:")
	return r
}

// logIn logs a browser in and returns its cookie as a header.
func logIn(t *testing.T, r *running) string {
	t.Helper()
	answer, _ := r.do(t, "POST", "/login", "token="+testToken, form)
	want(t, "form", answer.StatusCode, http.StatusSeeOther)
	cookie := answer.Cookies()[0]
	return "Cookie: " + cookie.Name + "=" + cookie.Value
}

func TestWhoDoesNotPresentTheTokenIsToldNothing(t *testing.T) {
	r := guardedApp(t)
	for path, status := range map[string]int{
		"/healthz": 200, "/static/style.css": 200, "/login": 200,
		"/view": 401, "/api/v1/status": 401, "/api/v1/events": 401, "/view/calls/x:1": 401, "/nothing": 401,
		"/static/none": 404, "/view\x00other": 421,
	} {
		path, other, headers := path, "", []string{}
		if path, other, _ = strings.Cut(path, "\x00"); other != "" {
			headers = append(headers, "Host: "+other+".example")
		}
		answer, text := r.do(t, "GET", path, "", headers...)
		want(t, path, answer.StatusCode, status)
		for _, told := range []string{r.name(), "process " + strconv.Itoa(os.Getpid()), "since ", "Log out", "datetime="} {
			if strings.Contains(text, told) {
				t.Errorf("%s: strangers are told %q", path, told)
			}
		}
	}
	for _, path := range []string{"/api/v1/loop/run", "/view/loop/run", "/logout"} {
		answer, _ := r.do(t, "POST", path, "")
		want(t, "POST "+path, answer.StatusCode, 401)
	}
}

func TestProgramsPresentTheTokenInEachRequest(t *testing.T) {
	r := guardedApp(t)
	for header, status := range map[string]int{
		"Bearer " + testToken: 200, "bearer " + testToken: 200, "BEARER  " + testToken: 200,
		"Bearer " + testToken + "0": 401, "Bearer": 401, "Basic " + testToken: 401, testToken: 401,
	} {
		answer, _ := r.do(t, "GET", "/api/v1/status", "", "Authorization: "+header)
		want(t, header, answer.StatusCode, status)
	}
}

func TestABrowserPresentsTheTokenOnce(t *testing.T) {
	r := guardedApp(t)
	answer, text := r.do(t, "POST", "/login", "token=wrong", form)
	want(t, "wrong token", answer.StatusCode, 401)
	if !strings.Contains(text, "not the token") {
		t.Errorf("the form does not say so: %s", text)
	}
	answer, _ = r.do(t, "POST", "/login", "token="+testToken, form)
	want(t, "right token", answer.StatusCode, http.StatusSeeOther)
	cookie := answer.Cookies()[0]
	if left := time.Until(cookie.Expires); !cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteStrictMode ||
		strings.Contains(cookie.Value, testToken) || cookie.MaxAge != int(sessionLasts.Seconds()) || left > sessionLasts || left < sessionLasts-time.Hour {
		t.Errorf("cookie %v", cookie)
	}
	answer, _ = r.do(t, "GET", "/view", "", "Cookie: "+cookie.Name+"="+cookie.Value)
	want(t, "with the cookie", answer.StatusCode, 200)
	until, proof, _ := strings.Cut(cookie.Value, ".")
	for _, wrong := range []string{
		cookie.Name + "=", cookie.Name + "=" + cookie.Value[1:] + "0", cookie.Name + "=" + testToken, "other=" + cookie.Value,
		cookie.Name + "=9" + until + "." + proof,
	} {
		answer, _ = r.do(t, "GET", "/view", "", "Cookie: "+wrong)
		want(t, "with the cookie "+wrong, answer.StatusCode, 401)
	}
}

func TestALoginLeadsBackToWhereOneWas(t *testing.T) {
	r := guardedApp(t)
	for from, back := range map[string]string{
		"/view":                             "./view",
		"/view/calls/a.Work:1":              "./view/calls/a.Work:1",
		"/view/works/x?status=failed&q=%26": "./view/works/x?status=failed&q=%26",
		"/view/works/a%2Fb":                 "./view/works/a%2Fb",
		"/nothing":                          "./view",
		"/api":                              "./view",
	} {
		answer, text := r.do(t, "GET", from, "")
		want(t, from, answer.StatusCode, 401)
		m := regexp.MustCompile(`name="to" value="([^"]*)"`).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("%s: no field in %s", from, text)
		}
		to := strings.ReplaceAll(m[1], "&amp;", "&")
		answer, _ = r.do(t, "POST", "/login", url.Values{"token": {testToken}, "to": {to}}.Encode(), form)
		want(t, "back to "+from, answer.Header.Get("Location"), back)
	}
	for _, evil := range []string{
		"https://evil.example/view", "//evil.example/view", "/view", "view/../../x", "view/%2e%2e/%2e%2e/x", `\\evil.example`, `view\..\..\x`,
		"javascript:alert(1)", "view//evil.example", "view:x@evil.example", "view\r\nX: y", "viewer", "login", "",
	} {
		answer, _ := r.do(t, "POST", "/login", url.Values{"token": {testToken}, "to": {evil}}.Encode(), form)
		got := answer.Header.Get("Location")
		at, err := url.Parse("https://app.example/jobs/login")
		if err != nil {
			t.Fatal(err)
		}
		if at, err = at.Parse(got); err != nil || at.Host != "app.example" || !strings.HasPrefix(at.Path, "/jobs/view") || strings.Contains(at.Path, "..") && !strings.Contains(got, "%5C") {
			t.Errorf("%q leads to %q", evil, got)
		}
	}
}

func TestLoggingOutEndsTheSession(t *testing.T) {
	r := guardedApp(t)
	cookie, other := logIn(t, r), logIn(t, r)
	answer, text := r.do(t, "GET", "/view", "", cookie)
	want(t, "before", answer.StatusCode, 200)
	if !strings.Contains(text, `action="./logout"`) {
		t.Error("there is no button")
	}
	answer, _ = r.do(t, "POST", "/logout", "", cookie, "Sec-Fetch-Site: cross-site")
	want(t, "from another site", answer.StatusCode, 403)
	answer, _ = r.do(t, "POST", "/logout", "", cookie)
	want(t, "log out", answer.StatusCode, http.StatusSeeOther)
	want(t, "location", answer.Header.Get("Location"), "./login")
	if c := answer.Cookies()[0]; c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("the cookie stays: %v", c)
	}
	answer, _ = r.do(t, "GET", "/view", "", cookie)
	want(t, "who has copied the cookie", answer.StatusCode, 401)
	answer, _ = r.do(t, "GET", "/view", "", other)
	want(t, "another browser", answer.StatusCode, 200)
	_, text = start(t, &App{}).do(t, "GET", "/view", "")
	if strings.Contains(text, "logout") {
		t.Error("without a token there is a button")
	}
}

func TestASessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sessions
		session := newSession(testToken, time.Now().Add(sessionLasts))
		want(t, "at first", s.isValid(session, testToken), true)
		want(t, "of another token", s.isValid(session, testToken+"0"), false)
		time.Sleep(sessionLasts - time.Second)
		want(t, "until its end", s.isValid(session, testToken), true)
		time.Sleep(time.Second)
		want(t, "after its end", s.isValid(session, testToken), false)
	})
}

func TestTheCookieIsForTLSOnlyWhereThePageIs(t *testing.T) {
	r := start(t, &App{Token: testToken, Hosts: []string{"https://builds.example.com"}})
	for name, c := range map[string]struct {
		headers []string
		want    bool
	}{
		"no TLS":                         {nil, false},
		"a proxy says so":                {[]string{"X-Forwarded-Proto: https"}, true},
		"two proxies say so":             {[]string{"X-Forwarded-Proto: HTTPS, http"}, true},
		"a proxy says no":                {[]string{"X-Forwarded-Proto: http"}, false},
		"the browser says so":            {[]string{"Host: builds.example.com", "Origin: https://builds.example.com"}, true},
		"the browser, with another Host": {[]string{"Origin: https://builds.example.com"}, true},
		"the browser says no":            {[]string{"Host: builds.example.com", "Origin: http://builds.example.com"}, false},
		"a browser that says no origin":  {[]string{"Host: builds.example.com"}, false},
	} {
		answer, text := r.do(t, "POST", "/login", "token="+testToken, append(c.headers, form)...)
		if len(answer.Cookies()) != 1 {
			t.Fatalf("%s: %s %s", name, answer.Status, text)
		}
		want(t, name, answer.Cookies()[0].Secure, c.want)
		answer, _ = r.do(t, "POST", "/logout", "", append(c.headers, "Authorization: Bearer "+testToken)...)
		want(t, name+", at the end", answer.Cookies()[0].Secure, c.want)
	}
}

func TestWrongTokensAreSlowedDownForWhoPresentsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &App{NoPage: true, Token: testToken, Logger: quiet, Loop: &runtime.Loop{Flow: func(context.Context) error { return nil }}}
		h := a.Handler()
		defer a.site.stop()
		send := func(from, method, path, body string, headers ...string) int {
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Host, r.RemoteAddr = "localhost", from
			for _, header := range append(headers, form) {
				name, value, _ := strings.Cut(header, ": ")
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			began := time.Now()
			h.ServeHTTP(w, r)
			want(t, "time that an answer takes", time.Since(began), 0)
			return w.Code
		}
		const evil, alike, good = "[2001:db8::1]:1", "[2001:db8::2]:2", "[2001:db8:0:1::1]:1"
		login := func(from, token string) int { return send(from, "POST", "/login", "token="+token) }
		bearer := func(from, token string) int {
			return send(from, "GET", "/api/v1/status", "", "Authorization: Bearer "+token)
		}
		cookie := cookieName(testToken) + "=" + newSession(testToken, time.Now().Add(time.Hour))
		for i := range maxGuesses {
			try := login
			if i%2 == 0 {
				try = bearer
			}
			want(t, "a wrong token", try(evil, "wrong"), 401)
		}
		for _, from := range []string{evil, alike} {
			want(t, "one too many", login(from, "wrong"), 429)
			want(t, "the right one, too late", bearer(from, testToken), 429)
			want(t, "a session", send(from, "GET", "/view", "", "Cookie: "+cookie), 200)
			want(t, "the form", send(from, "GET", "/login", ""), 200)
		}
		want(t, "somebody else", bearer(good, testToken), 200)
		want(t, "somebody else's form", login(good, testToken), 303)
		time.Sleep(forgivenOnce)
		want(t, "after a while", login(evil, "wrong"), 401)
		want(t, "once", login(evil, testToken), 429)
		time.Sleep(forgivenOnce + time.Second)
		want(t, "the right one", login(evil, testToken), 303)
	})
}

// TestABodyThatHidesItsLengthIsBounded: the token is right, and comes too late.
func TestABodyThatHidesItsLengthIsBounded(t *testing.T) {
	r := start(t, &App{Token: testToken})
	send := func(path string, size int, headers ...string) int {
		body := io.MultiReader(strings.NewReader("x="+strings.Repeat("x", size)), strings.NewReader("&token="+testToken)) // in chunks
		request, err := http.NewRequest("POST", r.url+path, body)
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range append(headers, form) {
			name, value, _ := strings.Cut(header, ": ")
			request.Header.Set(name, value)
		}
		answer, err := r.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	want(t, "a login", send("/login", 100), http.StatusSeeOther)
	want(t, "a large one", send("/login", maxLogin), http.StatusRequestEntityTooLarge)
	bearer := "Authorization: Bearer " + testToken
	want(t, "who is known", send("/view/loop/pause", maxLogin, bearer), http.StatusSeeOther)
	want(t, "who is known, and too large", send("/view/loop/pause", maxBody, bearer), http.StatusRequestEntityTooLarge)
}
