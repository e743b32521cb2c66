package app

import (
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// HandlerOption changes what [App.Handler] serves.
type HandlerOption interface{ apply(*settings) }

type settings struct {
	readOnly bool
	local    bool     // is served on loopback only
	names    []string // by which it may be reached, next to localhost and IP addresses
}

type handlerOptionFunc func(*settings)

func (f handlerOptionFunc) apply(s *settings) { f(s) }

// ReadOnly leaves out everything that changes something.
func ReadOnly() HandlerOption { return handlerOptionFunc(func(s *settings) { s.readOnly = true }) }

// Handler returns the page, its API and /healthz for a server of the program's own,
// at any prefix:
//
//	mux.Handle("/jobs/", http.StripPrefix("/jobs", a.Handler(app.ReadOnly())))
//
// The app still has to Run, usually with NoPage. Requests are checked as those of
// the app's own server are, Host and Token included, so the server's name belongs
// in Hosts. Who may come is otherwise up to the server: without a Token or
// ReadOnly, everybody who reaches the handler can stop calls.
//
// It panics when the app cannot run, for one because it has no Loop.
func (a *App) Handler(opts ...HandlerOption) http.Handler {
	var s settings
	for _, o := range opts {
		o.apply(&s)
	}
	a.site.mounted.Store(true)
	if err := a.site.start(a); err != nil {
		panic(err)
	}
	return a.handler(s)
}

// handler serves requests. Paths are those behind a prefix that it does not know,
// so all links are relative.
type handler struct {
	settings
	site *site
}

//go:embed static
var staticFiles embed.FS

//go:embed openapi.json
var openAPI []byte

func (a *App) handler(s settings) http.Handler {
	mux := http.NewServeMux()
	h := &handler{settings: s, site: &a.site}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { h.see(w, r, "view") })
	mux.HandleFunc("GET /view", h.viewNow)
	mux.HandleFunc("GET /view/executions", h.viewExecutions)
	mux.HandleFunc("GET /view/works/{work}", h.viewWork)
	mux.HandleFunc("GET /view/calls/{key}", h.viewCall)
	mux.HandleFunc("GET /view/flow", h.viewFlow)
	mux.HandleFunc("GET /login", h.viewLogin)
	mux.HandleFunc("POST /login", h.login)
	mux.HandleFunc("POST /logout", h.logout)
	mux.HandleFunc("GET /static/{file}", h.static)
	mux.HandleFunc("GET /healthz", h.health)
	mux.HandleFunc("GET /api/v1/now", h.getNow)
	mux.HandleFunc("GET /api/v1/machines", h.getMachines)
	mux.HandleFunc("GET /api/v1/status", h.getStatus)
	mux.HandleFunc("GET /api/v1/works", h.getWorks)
	mux.HandleFunc("GET /api/v1/executions", h.getExecutions)
	mux.HandleFunc("GET /api/v1/works/{work}", h.getWork)
	mux.HandleFunc("GET /api/v1/calls/{key}", h.getCall)
	mux.HandleFunc("GET /api/v1/flow", h.getFlow)
	mux.HandleFunc("GET /api/v1/calls/{key}/{part}", h.getPart)
	mux.HandleFunc("GET /api/v1/events", h.events)
	mux.HandleFunc("GET /api/v1/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(openAPI)
	})
	mux.HandleFunc("POST /view/calls/confirm", h.changing(h.postConfirm))
	for _, prefix := range []string{"/view", "/api/v1"} {
		mux.HandleFunc("POST "+prefix+"/loop/{action}", h.changing(h.postLoop))
		mux.HandleFunc("POST "+prefix+"/works/{work}/{action}", h.changing(h.postWork))
		mux.HandleFunc("POST "+prefix+"/calls/{key}/{action}", h.changing(h.postCall))
		mux.HandleFunc("POST "+prefix+"/calls/{action}", h.changing(h.postCalls))
	}
	return h.guarded(compressed(h.described(mux)))
}

// described has what the mux refuses look like our other errors.
func (h *handler) described(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		probe := &discarded{header: http.Header{}}
		mux.ServeHTTP(probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", probe.header.Get("Allow"))
			h.fail(w, r, probe.status, r.Method+" is not what this address takes: use "+probe.header.Get("Allow"))
			return
		}
		h.fail(w, r, http.StatusNotFound, "there is nothing at "+short(r.URL.Path, 100))
	})
}

// discarded is a response of which only the header counts.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarded) WriteHeader(status int)      { d.status = status }

// changing refuses what changes something where that is left out.
func (h *handler) changing(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.readOnly {
			h.fail(w, r, http.StatusForbidden, "this page only shows: it is read-only")
			return
		}
		next(w, r)
	}
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// root is the way from a request's path to the top, such as "../../".
func root(r *http.Request) string {
	depth := strings.Count(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if depth == 0 {
		return "./"
	}
	return strings.Repeat("../", depth)
}

// see sends a browser to another page. The address is relative: http.Redirect
// would make it one of the top, where we may not be.
func (h *handler) see(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Location", root(r)+to)
	w.WriteHeader(http.StatusSeeOther)
}

// fail answers with an error: as JSON below /api, otherwise as a page.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	if isAPI(r) || r.URL.Path == "/healthz" {
		h.json(w, status, errorBody{message})
		return
	}
	h.page(w, r, status, "error", http.StatusText(status), errorPage{Status: status, Message: message})
}

// failed answers with the error of a look-up.
func (h *handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	var none errNoCall
	switch {
	case errors.As(err, &none):
		h.fail(w, r, http.StatusNotFound, err.Error())
	case errors.As(err, new(errUnread)):
		h.fail(w, r, http.StatusServiceUnavailable, err.Error())
	case errors.Is(err, errCursor), errors.Is(err, errQuery):
		h.fail(w, r, http.StatusBadRequest, err.Error())
	default:
		h.site.app.logger().Error("a page could not be made: " + err.Error())
		h.fail(w, r, http.StatusInternalServerError, "it could not be found out: "+err.Error())
	}
}

func (h *handler) json(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(data, '\n'))
}

func (h *handler) static(w http.ResponseWriter, r *http.Request) {
	files, err := fs.Sub(staticFiles, "static")
	if err == nil {
		_, err = fs.Stat(files, r.PathValue("file"))
	}
	if err != nil {
		h.fail(w, r, http.StatusNotFound, "there is no such file")
		return
	}
	// The name of a file stays when its content changes, so a browser has to ask.
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", staticTag())
	http.ServeFileFS(w, r, files, r.PathValue("file"))
}

// staticTag stands for the content of all static files.
var staticTag = sync.OnceValue(func() string {
	sum := sha256.New()
	fs.WalkDir(staticFiles, ".", func(path string, entry fs.DirEntry, err error) error {
		if data, err := staticFiles.ReadFile(path); err == nil {
			sum.Write(data)
		}
		return nil
	})
	return fmt.Sprintf(`"%x"`, sum.Sum(nil)[:8])
})

// compressed answers with gzip those who accept it, streams included. What is guessed from the length of a
// compressed answer (BREACH) is a secret beside what an attacker has sent: no answer has one, for
// the session is in a cookie that scripts cannot read and other sites do not send, and forms
// have no tokens.
var compressed = must(gzhttp.NewWrapper(gzhttp.EnableZstd(false), gzhttp.MinSize(gzhttp.DefaultMinSize), gzhttp.CompressionLevel(gzip.DefaultCompression)))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
