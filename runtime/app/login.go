package app

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/workgen/workgen/runtime/internal/recent"
)

// This file is the token: who presents it, and what a browser gets for it.

// sessionLasts is for how long a browser that has presented the token need not do so again.
const sessionLasts = 7 * 24 * time.Hour

// visitor is what is known of who makes a request.
type visitor uint8

const (
	stranger visitor = iota
	known            // presents the token, or there is none
	guessing         // presented too many wrong ones; this one was not looked at
)

// admits tells whether a request presents the token, where there is one.
func (h *handler) admits(r *http.Request) visitor {
	token := h.site.app.Token
	if token == "" {
		return known
	}
	if scheme, bearer, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "bearer") {
		return h.site.guesses.judge(r, strings.TrimSpace(bearer), token)
	}
	if c, err := r.Cookie(cookieName(token)); err == nil && h.site.sessions.isValid(c.Value, token) {
		return known
	}
	return stranger
}

// equal takes the same time wherever the two differ.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// guesses slows down who guesses the token. It holds nobody up: who has presented too many
// wrong ones is told to come back later, and others are not concerned.
type guesses struct {
	mu      sync.Mutex
	clients recent.Map[netip.Prefix, time.Time] // when what each has presented will be forgiven
}

// Each client may present so many wrong tokens at once, and further ones as they are forgiven.
const (
	maxGuesses   = 10
	forgivenOnce = 10 * time.Second
)

// judge looks at a token, unless whose request it is has presented too many wrong ones.
func (g *guesses) judge(r *http.Request, presented, token string) visitor {
	client, now := clientOf(r.RemoteAddr), time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	forgiven, _ := g.clients.Get(client)
	if forgiven.Before(now) {
		forgiven = now
	}
	switch {
	case forgiven.Sub(now) > (maxGuesses-1)*forgivenOnce:
		return guessing
	case equal(presented, token):
		return known
	}
	g.clients.Put(client, forgiven.Add(forgivenOnce))
	return stranger
}

// sessions are what browsers present that have presented the token. They outlive the process,
// and only those that were ended before their time are remembered.
type sessions struct{ ended recent.Set[string] }

// newSession returns a session until a time: that, what tells it apart, and a proof of both.
func newSession(token string, until time.Time) string {
	s := strconv.FormatInt(until.Unix(), 10) + "." + rand.Text()
	return s + "." + derived(token, "session "+s)
}

func (s *sessions) isValid(session, token string) bool {
	at := strings.LastIndexByte(session, '.')
	if at < 0 || !equal(session[at+1:], derived(token, "session "+session[:at])) {
		return false
	}
	text, _, _ := strings.Cut(session, ".")
	until, err := strconv.ParseInt(text, 10, 64)
	_, ended := s.ended.Get(session)
	return err == nil && time.Now().Before(time.Unix(until, 0)) && !ended
}

// cookieName is different for different tokens, since cookies of all ports of a
// host are one set.
func cookieName(token string) string { return "workgen_" + derived(token, "cookie")[:16] }

func derived(token, purpose string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("workgen " + purpose))
	return hex.EncodeToString(mac.Sum(nil))
}

// loginPage asks for the token.
type loginPage struct {
	To             string // where to go then
	Wrong, TooMany bool
}

func (h *handler) askForToken(w http.ResponseWriter, r *http.Request, status int, body loginPage) {
	h.page(w, r, status, "login", "Token", body)
}

// viewLogin shows the form.
func (h *handler) viewLogin(w http.ResponseWriter, r *http.Request) {
	if admitted(r) {
		h.see(w, r, "view")
		return
	}
	h.askForToken(w, r, http.StatusOK, loginPage{To: "view"})
}

// login answers the form.
func (h *handler) login(w http.ResponseWriter, r *http.Request) {
	token, to := h.site.app.Token, ours(r.PostFormValue("to"))
	if token == "" || admitted(r) {
		h.see(w, r, to)
		return
	}
	switch h.site.guesses.judge(r, strings.TrimSpace(r.PostFormValue("token")), token) {
	case known:
		until := time.Now().Add(sessionLasts)
		setSession(w, r, &http.Cookie{Name: cookieName(token), Value: newSession(token, until), Expires: until, MaxAge: int(sessionLasts / time.Second)})
		h.see(w, r, to)
	case guessing:
		w.Header().Set("Retry-After", "10")
		h.askForToken(w, r, http.StatusTooManyRequests, loginPage{To: to, TooMany: true})
	default:
		h.askForToken(w, r, http.StatusUnauthorized, loginPage{To: to, Wrong: true})
	}
}

// logout ends the session of a browser.
func (h *handler) logout(w http.ResponseWriter, r *http.Request) {
	token := h.site.app.Token
	if c, err := r.Cookie(cookieName(token)); err == nil {
		h.site.sessions.ended.Add(c.Value)
	}
	setSession(w, r, &http.Cookie{Name: cookieName(token), MaxAge: -1})
	h.see(w, r, "login")
}

// setSession sets a cookie for the directory that the page is in, which it need not know.
func setSession(w http.ResponseWriter, r *http.Request, c *http.Cookie) {
	c.HttpOnly, c.SameSite, c.Secure = true, http.SameSiteStrictMode, isSecure(r)
	http.SetCookie(w, c)
}

// isSecure tells whether a browser has made a request by TLS, to us or to a proxy. Who says so
// and did not only keeps himself out.
func isSecure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(r.Header.Get("Origin"), "https://") ||
		strings.HasPrefix(strings.ToLower(r.Header.Get("X-Forwarded-Proto")), "https")
}

// pathOf is what a browser has asked for, seen from the top: to come back there.
func pathOf(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "view"
	}
	u := url.URL{Path: strings.TrimPrefix(r.URL.Path, "/"), RawPath: strings.TrimPrefix(r.URL.RawPath, "/"), RawQuery: r.URL.RawQuery}
	return ours(u.String())
}

// ours returns an address of a page of ours, seen from the top: to, if it is one.
func ours(to string) string {
	u, err := url.Parse(to)
	if err != nil || path.Clean(u.Path) != u.Path || u.Path != "view" && !strings.HasPrefix(u.Path, "view/") {
		return "view"
	}
	return u.String()
}
