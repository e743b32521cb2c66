package app

import (
	"context"
	"embed"
	"io"
	"net/http"
	"strings"
	"time"
)

// This file makes the pages. They are whole without the script, which only keeps the one that
// is shown up to date.

//go:embed templates
var templateFiles embed.FS

// pageFrame is what all pages have.
type pageFrame struct {
	Root     string // the way to the top
	Title    string
	App      appView
	Loop     loopView
	Alerts   []alertView
	ReadOnly bool
	Views    []viewLink // none: who looks has not been let in
	Times    []timesLink
	Search   string   // what was searched for
	LogOut   bool     // there is something to log out of
	Notice   *outcome // what an action came to; nil: there was none
	Body     any
	Process  string
	Now      int64 // milliseconds since 1970, when the page was made; 0: no stream follows it, or this is one
}

// viewLink leads to one of the views.
type viewLink struct {
	Name, Path string
	Key        string // that goes there, after g
	Current    bool
}

// timesLink switches how times are shown.
type timesLink struct {
	Name, Title, Query string
	Current            bool
}

type errorPage struct {
	Status  int
	Message string
}

// show answers with a page: the template of a name, with what build returns. Who accepts
// text/event-stream gets that page, and then what changes of it: a list of tokens as patch explains. So
// what the templates make of what build returns must not depend on when they do, but for what the functions since and
// until write.
func (h *handler) show(w http.ResponseWriter, r *http.Request, name string, build func(context.Context) (title string, body any, err error)) {
	if r.Header.Get("Accept") != "text/event-stream" {
		title, body, err := build(r.Context())
		if err != nil {
			h.failed(w, r, err)
			return
		}
		h.write(w, r, http.StatusOK, name, title, body, time.Now())
		return
	}
	f := formatOf(r)
	f.live = true
	var before []string
	h.stream(w, r, func(ctx context.Context) (event, error) {
		title, body, err := build(ctx)
		if err != nil {
			return event{}, err
		}
		text, err := h.render(r, f, name, title, body, time.Time{})
		if err != nil {
			return event{}, err
		}
		now := tokens(text)
		e := event{"page", patch(before, now)}
		before = now
		return e, nil
	})
}

// page answers with a page that does not change, such as an error.
func (h *handler) page(w http.ResponseWriter, r *http.Request, status int, name, title string, body any) {
	h.write(w, r, status, name, title, body, time.Time{})
}

// write writes one of the templates. A page that a stream follows says when it was made.
func (h *handler) write(w http.ResponseWriter, r *http.Request, status int, name, title string, body any, made time.Time) {
	f := formatOf(r)
	if f.times == r.URL.Query().Get("tz") {
		http.SetCookie(w, &http.Cookie{Name: timesCookie, Value: f.times, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	text, err := h.render(r, f, name, title, body, made)
	if err != nil {
		h.site.app.logger().Error("a page could not be made: " + err.Error())
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Add("Vary", "Accept, Cookie")
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// render makes a page. Who has not been let in learns nothing from its frame.
func (h *handler) render(r *http.Request, f format, name, title string, body any, made time.Time) (string, error) {
	p := pageFrame{Root: root(r), Title: title, ReadOnly: h.readOnly, Body: body}
	if admitted(r) {
		p.Process = process
		if !made.IsZero() {
			p.Now = made.UnixMilli()
		}
		p.App, p.LogOut = h.site.appView(), h.site.app.Token != ""
		all := h.site.discover()
		p.Loop, p.Alerts = h.site.loopView(all), h.site.alerts(all)
		p.Views, p.Times = viewLinks(r), f.links(r)
		p.Notice = h.site.notice(r.URL.Query().Get("did"))
		p.Search = r.URL.Query().Get("q")
	}
	var out strings.Builder
	err := f.templates().ExecuteTemplate(&out, name, p)
	return out.String(), err
}

// viewLinks leads to the views.
func viewLinks(r *http.Request) []viewLink {
	links := []viewLink{{Name: "Now", Path: "view", Key: "n"}, {Name: "Executions", Path: "view/executions", Key: "e"}, {Name: "Flow", Path: "view/flow", Key: "f"}}
	for i := range links {
		links[i].Current = r.URL.Path == "/"+links[i].Path
	}
	return links
}

// timesCookie keeps how a browser wants times shown: all apps of a host alike.
const timesCookie = "workgen_times"

// formatOf is how a request wants times shown. Asking changes nothing but what is shown.
func formatOf(r *http.Request) format {
	wanted := r.URL.Query().Get("tz")
	if c, err := r.Cookie(timesCookie); wanted == "" && err == nil {
		wanted = c.Value
	}
	switch wanted {
	case utcTimes, relativeTimes:
		return format{times: wanted}
	}
	return format{times: localTimes}
}

// links leads to the same page with times shown otherwise.
func (f format) links(r *http.Request) []timesLink {
	now := time.Now()
	zone, offset := now.Zone()
	links := []timesLink{
		{Name: "UTC", Query: utcTimes, Title: "Times in UTC"},
		{Name: zone, Query: localTimes, Title: "Times of this app's machine: " + zone + ", UTC" + now.Format("-07:00")},
		{Name: "relative", Query: relativeTimes, Title: "Times as seen from now"},
	}
	if offset == 0 {
		links[1].Name = "local"
	}
	query := r.URL.Query()
	for i := range links {
		l := &links[i]
		l.Current = l.Query == f.times
		query.Set("tz", l.Query)
		l.Query = "?" + query.Encode()
	}
	return links
}
