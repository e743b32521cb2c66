package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// This file decides who is served: it stands before every handler.

const (
	maxBody       = 128 << 10
	maxLogin      = 4 << 10          // what strangers may send
	bodyTimeout   = 5 * time.Second  // to read a request
	answerTimeout = 15 * time.Second // to write its answer
)

// guarded refuses what no page of ours and no program sends: names that are not
// ours (DNS rebinding), requests of other sites that change something (cross-site
// request forgery), bodies that are too large or too slow, and whoever does not know the
// token. It sets the headers that keep a browser from running or embedding what
// is not ours.
func (h *handler) guarded(next http.Handler) http.Handler {
	same := http.NewCrossOriginProtection()
	same.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, r, http.StatusForbidden, "the request comes from another site: use the page of this app. "+
			"If this was its page, behind a proxy that changes the Host header, name its address with -host")
	}))
	h.answersTo(h.site.app.Hosts, same)
	inner := same.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin") // without any, browsers keep the origin of a form to themselves
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")

		if !h.isOurs(r.Host) {
			h.fail(w, r, http.StatusMisdirectedRequest, "this app is not called "+short(r.Host, 100)+": use its address, or name it with -host")
			return
		}
		who := h.admits(r)
		if status, wrong := readBody(w, r, who); status != 0 {
			h.fail(w, r, status, wrong)
			return
		}
		if c := connectionOf(r); c != nil {
			c.is(true)
			defer c.is(false)
		}
		if who != known && !isPublic(r) {
			h.refuse(w, r, who)
			return
		}
		if who == known {
			r = r.WithContext(context.WithValue(r.Context(), admittedKey{}, true))
		}
		inner.ServeHTTP(w, r)
	})
}

// readBody reads a request's body, so that handlers wait for nobody, and sets deadlines. If it
// cannot be read, it returns the status to answer with, and why.
func readBody(w http.ResponseWriter, r *http.Request, who visitor) (status int, wrong string) {
	control := http.NewResponseController(w)
	deadlines := func(read time.Duration) {
		if connectionOf(r) != nil {
			control.SetReadDeadline(time.Now().Add(read))
			control.SetWriteDeadline(time.Now().Add(answerTimeout))
		}
	}
	limit := int64(maxLogin)
	if who == known {
		limit = maxBody
	}
	deadlines(bodyTimeout)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	deadlines(answerTimeout)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, "the request is too large"
	case err != nil:
		w.Header().Set("Connection", "close")
		return http.StatusRequestTimeout, "the request did not come in time"
	}
	return 0, ""
}

type admittedKey struct{}

// admitted reports whether a request has been let in. Others are told nothing of the app.
func admitted(r *http.Request) bool { return r.Context().Value(admittedKey{}) != nil }

// isPublic reports whether anybody may make a request: for whether the app lives, and for
// what a login needs.
func isPublic(r *http.Request) bool {
	return r.URL.Path == "/healthz" || r.URL.Path == "/login" || strings.HasPrefix(r.URL.Path, "/static/")
}

// refuse answers who did not present the token: browsers with a form for it.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, who visitor) {
	switch {
	case who == guessing:
		w.Header().Set("Retry-After", "10")
		h.fail(w, r, http.StatusTooManyRequests, "there were too many wrong tokens from this address: try again in ten seconds")
	case isAPI(r):
		w.Header().Set("WWW-Authenticate", `Bearer realm="workgen"`)
		h.fail(w, r, http.StatusUnauthorized, "this needs the app's token: send it in a header, Authorization: Bearer TOKEN")
	default:
		h.askForToken(w, r, http.StatusUnauthorized, loginPage{To: pathOf(r)})
	}
}
