package app

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// This file makes the pages. They are whole without the script, which only
// fetches them anew when something has changed.

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"sign":      sign,
	"duration":  duration,
	"clock":     clock,
	"moment":    moment,
	"size":      size,
	"class":     func(status string) string { return strings.ReplaceAll(status, " ", "-") },
	"count":     count,
	"pools":     poolNames,
	"lastIndex": func(passes []passView) int { return len(passes) - 1 },
}).ParseFS(templateFiles, "templates/*.html"))

// frame of a page: what all have.
type pageFrame struct {
	Root     string // the way to the top
	Title    string
	App      appView
	Loop     loopView
	ReadOnly bool
	Body     any
	Now      time.Time
}

type appPage struct {
	Works   []workRow
	Plot    passPlot
	Workers []workerView
	Queues  []queueView
}

type workRow struct {
	workView
	Plot callPlot
}

type workPage struct {
	Work     workRow
	Calls    callsView
	Query    query
	Statuses []string
	Next     string // query of the page that follows
	First    string // query of the first page; "" when this is it
}

type callPage struct {
	Call     detailView
	Timeline timeline
}

type loginPage struct{ Wrong bool }

type errorPage struct {
	Status  int
	Message string
}

func (h *handler) viewApp(w http.ResponseWriter, r *http.Request) {
	v := h.site.status()
	body := appPage{Plot: plotPasses(v.Loop.Passes), Workers: v.Workers, Queues: v.Queues}
	for _, work := range v.Works {
		body.Works = append(body.Works, workRow{work, plotCalls(work.History)})
	}
	h.page(w, r, http.StatusOK, "app", body)
}

func (h *handler) viewWork(w http.ResponseWriter, r *http.Request) {
	v, err := h.callsOf(r)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	q, _ := queryOf(r)
	runner := h.site.runner(v.Work.ID)
	if runner == nil {
		h.fail(w, r, http.StatusNotFound, "the work is not in use any more")
		return
	}
	work := h.site.workView(runner, time.Now())
	body := workPage{Work: workRow{work, plotCalls(work.History)}, Calls: v, Query: q, Statuses: statuses}
	if v.Next != "" {
		body.Next = q.with(v.Next)
	}
	if q.after != "" {
		body.First = q.with("")
	}
	h.page(w, r, http.StatusOK, "work", body)
}

// with returns the query string of another page of the same list.
func (q query) with(after string) string {
	v := url.Values{}
	for name, value := range map[string]string{"status": q.status, "q": q.search, "after": after} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.limit != defaultLimit {
		v.Set("limit", strconv.Itoa(q.limit))
	}
	return "?" + v.Encode()
}

// Status and Search are for the template.
func (q query) Status() string { return q.status }
func (q query) Search() string { return q.search }

func (h *handler) viewCall(w http.ResponseWriter, r *http.Request) {
	v, err := h.site.call(r.Context(), r.PathValue("key"))
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.page(w, r, http.StatusOK, "call", callPage{Call: v, Timeline: plotExecutions(v, time.Now())})
}

// page writes one of the templates.
func (h *handler) page(w http.ResponseWriter, r *http.Request, status int, name string, body any) {
	f := pageFrame{Root: root(r), App: h.site.appView(), ReadOnly: h.readOnly, Body: body, Now: time.Now()}
	// Who has not been let in learns nothing.
	if _, login := body.(loginPage); !login && status < 400 {
		f.Loop = h.site.loopView(h.site.discover())
	}
	switch b := body.(type) {
	case workPage:
		f.Title = b.Work.ID
	case callPage:
		f.Title = b.Call.Key
	case loginPage:
		f.Title, f.App = "Token", appView{}
	case errorPage:
		f.Title = http.StatusText(b.Status)
	}
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, f); err != nil {
		h.site.app.logger().Error("a page could not be made: " + err.Error())
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(out.Bytes())
}

// sign stands beside the word of a status.
func sign(status string) string {
	switch status {
	case "pending", "waiting", "stopping":
		return "◔"
	case "running", "passing":
		return "▶"
	case "succeeded":
		return "✓"
	case "failed", "given up", "blocked":
		return "✗"
	case "stopped", "ended":
		return "■"
	case "paused":
		return "‖"
	}
	return "○"
}

// duration shows seconds with two or three digits.
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d <= 0:
		return "–"
	case d < time.Microsecond:
		return d.String()
	case d < time.Second:
		unit := time.Microsecond
		name := "µs"
		if d >= time.Millisecond {
			unit, name = time.Millisecond, "ms"
		}
		return digits(float64(d)/float64(unit)) + " " + name
	case d < time.Minute:
		return digits(d.Seconds()) + " s"
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

func digits(f float64) string {
	if f < 10 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(math.Round(f), 'f', 0, 64)
}

// clock shows a time of the day, with the date unless that is today's.
func clock(t, now time.Time) string {
	switch {
	case t.IsZero():
		return "–"
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// moment is a time for programs.
func moment(t time.Time) string { return t.Format(time.RFC3339Nano) }

// size shows a number of bytes.
func size(n *int64) string {
	if n == nil {
		return "–"
	}
	f, unit := float64(*n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if f < 1024 {
			break
		}
		f, unit = f/1024, next
	}
	if unit == "B" {
		return strconv.FormatInt(*n, 10) + " B"
	}
	return digits(f) + " " + unit
}

// count shows a number with groups of digits.
func count(n any) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
