package app

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime/internal/redact"
	"github.com/workgen/workgen/runtime/preview"
)

// This file answers requests for one call: its page, its JSON, and its downloads.

// callPage is the body of the page of a call.
type callPage struct {
	Call      detailView
	Arguments []foldedArg
	JSON      bool // the result is shown as JSON
	Result    folded
	Episodes  []episode
	Before    bool // newer executions are left out
	Place     string
}

// foldedArg is an argument, folded if it is long.
type foldedArg struct {
	argView
	folded
}

// folded is a text, folded if it is long.
type folded struct {
	Long    bool
	Summary string // its beginning
	Body    string
	Bytes   int
}

// episode is what followed when a call was asked for.
type episode struct {
	First      string // the execution that was the first
	Line       timeline
	Executions []executionView
}

// executionView is an execution, unfolded or not.
type executionView struct {
	executionDetail
	Open bool
}

// faultView is an error with its stack folded.
type faultView struct {
	Error *errorView
	Stack stackView
}

func faultOf(e *errorView) faultView { return faultView{e, foldStack(e.Stack)} }

// rootedWhy is a reason on a page.
type rootedWhy struct {
	Root string
	Why  whyView
}

// whyOn puts a reason, or a pointer to one, on a page.
func whyOn(root string, why any) rootedWhy {
	if p, ok := why.(*whyView); ok {
		return rootedWhy{root, *p}
	}
	return rootedWhy{root, why.(whyView)}
}

// axisTop is where the axis of a time line is, and axisText where its texts stand.
func axisTop(height int) int  { return height - axisHeight + 4 }
func axisText(height int) int { return height - 4 }

const (
	shortText = 160 // bytes of a text that is not folded
	summary   = 100 // bytes of a long one that are its summary
)

func fold(text string) folded {
	f := folded{Body: text, Bytes: len(text)}
	if f.Long = len(text) > shortText || strings.Contains(text, "\n"); f.Long {
		f.Summary = oneLine(text, summary)
	}
	return f
}

// oneLine is the beginning of a text, without its breaks and indents.
func oneLine(text string, limit int) string {
	begin := strings.Join(strings.Fields(preview.Cut(text, 4*limit)), " ")
	return preview.Line(preview.Cut(begin, limit))
}

// beforeOf reads which executions are wanted.
func beforeOf(r *http.Request) (uint64, error) {
	text := r.URL.Query().Get("before")
	if text == "" {
		return 0, nil
	}
	before, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: before is the number of an execution", errQuery)
	}
	return before, nil
}

func (h *handler) detail(ctx context.Context, r *http.Request, asJSON bool) (detailView, error) {
	before, err := beforeOf(r)
	if err != nil {
		return detailView{}, err
	}
	v, err := h.site.call(ctx, r.PathValue("key"), before, asJSON)
	if h.readOnly {
		v.Actions = []string{}
	}
	return v, err
}

func (h *handler) viewCall(w http.ResponseWriter, r *http.Request) {
	f := formatOf(r)
	zone := f.zone()
	if f.times == relativeTimes {
		zone = nil
	}
	h.show(w, r, "call", func(ctx context.Context) (string, any, error) {
		asJSON := r.URL.Query().Get("as") == "json"
		v, err := h.detail(ctx, r, asJSON)
		if err != nil {
			return "", nil, err
		}
		body := callPage{Call: v, JSON: asJSON, Before: r.URL.Query().Get("before") != ""}
		for _, a := range v.Arguments {
			body.Arguments = append(body.Arguments, foldedArg{a, fold(a.Text)})
		}
		if v.Result.Text != nil {
			body.Result = fold(*v.Result.Text)
		}
		now := time.Now()
		for i, list := range episodes(v.Executions) {
			waits := v.Waits
			if i > 0 || body.Before {
				waits = nil
			}
			e := episode{First: list[len(list)-1].ID, Line: drawEpisode(list, waits, zone, now)}
			for n, x := range list {
				e.Executions = append(e.Executions, executionView{x, i == 0 && n == 0})
			}
			body.Episodes = append(body.Episodes, e)
		}
		return shortKey(v.Key), body, nil
	})
}

func (h *handler) getCall(w http.ResponseWriter, r *http.Request) {
	v, err := h.detail(r.Context(), r, r.URL.Query().Get("as") == "json")
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.json(w, http.StatusOK, v)
}

// maxDownloaded bounds a stored result that is read for a download, in bytes.
const maxDownloaded = 256 << 20

// getPart serves the arguments, the result or the log of a call as a file.
func (h *handler) getPart(w http.ResponseWriter, r *http.Request) {
	f, err := h.site.known(r.Context(), r.PathValue("key"), 0)
	if err == nil && f.unread != nil {
		err = errUnread{f.unread}
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	switch part := r.PathValue("part"); part {
	case "arguments":
		args, names := map[string]any{}, f.arguments()
		values := f.values(r.Context(), names)
		for _, a := range names {
			args[a.Name] = a.Text
			if v, ok := values[a.Name]; a.Secret {
				args[a.Name] = redact.Mark
			} else if ok {
				args[a.Name] = v.Interface()
			}
		}
		h.download(w, &f, part, "json", args)
	case "result":
		if f.hidden() {
			h.fail(w, r, http.StatusForbidden, "the result is not shown: it may tell of secret arguments")
			return
		}
		value, ok := f.value(r.Context(), maxDownloaded)
		if !ok {
			h.fail(w, r, http.StatusNotFound, "there is no result that can be read here")
			return
		}
		h.download(w, &f, part, "json", value)
	case "log":
		attach(w, &f, part, "txt")
		for _, e := range f.executions(0) {
			fmt.Fprintf(w, "# attempt %d, began %s, %s, %s\n%s\n", e.Attempt, moment(e.Started), e.Status, e.Place, safeText(e.Log))
		}
	default:
		h.fail(w, r, http.StatusNotFound, "a call has arguments, a result and a log")
	}
}

// attach says that the answer is a file.
func attach(w http.ResponseWriter, f *found, part, extension string) {
	call := ""
	switch {
	case !f.key().IsZero():
		call = shortKey(f.key().String())
	case f.here != nil:
		call = fmt.Sprint(f.here.Number)
	}
	kind := "application/json"
	if extension == "txt" {
		kind = "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s-%s.%s"`, f.work.ID, call, part, extension))
}

// download writes a value as JSON. When that fails in the middle, the connection is closed, so
// that nobody takes a part for the whole.
func (h *handler) download(w http.ResponseWriter, f *found, part, extension string, value any) {
	attach(w, f, part, extension)
	out := redacting{w: w}
	err := preview.JSON(&out, value)
	if err == nil {
		err = out.flush()
	}
	if err != nil {
		h.site.app.logger().Error("a download failed", "part", part, "error", err)
		panic(http.ErrAbortHandler)
	}
}

// redacting takes secrets out of what is written, line by line: JSON has each string on one line.
type redacting struct {
	w    http.ResponseWriter
	line []byte
}

func (r *redacting) Write(p []byte) (int, error) {
	if !redact.Any() {
		return r.w.Write(p)
	}
	r.line = append(r.line, p...)
	end := bytes.LastIndexByte(r.line, '\n') + 1
	if _, err := r.w.Write([]byte(redact.Text(string(r.line[:end])))); err != nil {
		return 0, err
	}
	r.line = append(r.line[:0], r.line[end:]...)
	return len(p), nil
}

func (r *redacting) flush() error {
	_, err := r.w.Write([]byte(redact.Text(string(r.line))))
	return err
}
