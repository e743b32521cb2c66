package app

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// This file decides who is served: it stands before every handler.

const (
	maxBody       = 16 << 10
	answerTimeout = 15 * time.Second // to read a request and to write its answer
)

// guarded refuses what no page of ours and no program sends: names that are not
// ours (DNS rebinding), requests of other sites that change something (cross-site
// request forgery), bodies that are too large, and whoever does not know the
// token. It sets the headers that keep a browser from running or embedding what
// is not ours.
func (h *handler) guarded(next http.Handler) http.Handler {
	same := http.NewCrossOriginProtection()
	same.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, r, http.StatusForbidden, "the request comes from another site: use the page of this app")
	}))
	inner := same.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.own {
			control := http.NewResponseController(w)
			control.SetReadDeadline(time.Now().Add(answerTimeout))
			control.SetWriteDeadline(time.Now().Add(answerTimeout))
		}
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")

		if !h.isOurs(r.Host) {
			h.fail(w, r, http.StatusMisdirectedRequest, "this app is not called "+short(r.Host, 100)+": use its address, or add the name to Hosts")
			return
		}
		if r.ContentLength > maxBody {
			h.fail(w, r, http.StatusRequestEntityTooLarge, "the request is too large")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if !h.admits(r) {
			h.refuse(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// isOurs tells whether a request's host is a name of this app. Whoever makes a
// name of his own point here cannot make it an IP address or localhost.
func (h *handler) isOurs(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if name == "localhost" {
		return true
	}
	for _, own := range h.site.app.Hosts {
		if name == strings.ToLower(own) {
			return true
		}
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && (ip.IsLoopback() || !h.local)
}

// admits tells whether a request presents the token, where there is one. Whether
// the app lives, and what a login needs, anybody may know.
func (h *handler) admits(r *http.Request) bool {
	token := h.site.app.Token
	switch {
	case token == "", r.URL.Path == "/healthz", r.URL.Path == "/login", strings.HasPrefix(r.URL.Path, "/static/"):
		return true
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return equal(bearer, token)
	}
	c, err := r.Cookie(cookieName(token))
	return err == nil && equal(c.Value, session(token))
}

// equal takes the same time wherever the two differ.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// session is what a browser that has presented the token presents from then on.
func session(token string) string { return derived(token, "session") }

// cookieName is different for different tokens, since cookies of all ports of a
// host are one set.
func cookieName(token string) string { return "workgen_" + derived(token, "cookie")[:16] }

func derived(token, purpose string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("workgen " + purpose))
	return hex.EncodeToString(mac.Sum(nil))
}

// refuse answers who did not present the token: browsers with a form for it.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request) {
	if isAPI(r) || r.Method != http.MethodGet {
		w.Header().Set("WWW-Authenticate", `Bearer realm="workgen"`)
		h.fail(w, r, http.StatusUnauthorized, "this needs the app's token: send it in a header, Authorization: Bearer TOKEN")
		return
	}
	h.page(w, r, http.StatusUnauthorized, "login", "Token", loginPage{})
}

// login answers the form.
func (h *handler) login(w http.ResponseWriter, r *http.Request) {
	token := h.site.app.Token
	if token == "" {
		h.see(w, r, "view")
		return
	}
	if !equal(strings.TrimSpace(r.PostFormValue("token")), token) {
		time.Sleep(time.Second) // for those who try
		h.page(w, r, http.StatusUnauthorized, "login", "Token", loginPage{Wrong: true})
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(token), Value: session(token), HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
	h.see(w, r, "view")
}
