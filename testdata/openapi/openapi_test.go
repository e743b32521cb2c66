package openapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"hash/maphash"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/app"
	"github.com/workgen/workgen/runtime/key"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/memory"
)

// document loads the document. Fields may be added to what it says, but those that
// are there now are in it: here, any other is an error.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	data, err := os.ReadFile("../../runtime/app/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	no := false
	for _, ref := range doc.Components.Schemas {
		ref.Value.AdditionalProperties = openapi3.BoolSchema{Has: &no}
	}
	return doc
}

type args struct{ Day, Token string }

var seed = maphash.MakeSeed()

// newWork makes a runner as generated code does.
func newWork(name string, body func(context.Context, args) (string, error), opts ...runtime.Option) (*runtime.Runner, func(ctx context.Context, day string) *runtime.Call[string]) {
	calls := runtime.NewCalls(runtime.Spec[args, args, string]{
		Name: "example.com/" + name, Schema: "s1", Code: &runtime.Code{Sum: "c1"}, Execute: body,
		Identify: func(a args) (uint64, args, *key.Encoder) { return maphash.Comparable(seed, a), a, nil },
		Encode: func(a *args, e *key.Encoder) {
			e.String(a.Day)
			e.Next()
			e.String(a.Token)
		},
		Inputs: []string{"day string", "token string"}, Secret: []string{"token"},
	}, append(opts, runtime.WithLogger(slog.New(slog.DiscardHandler)))...)
	return calls.Runner(), func(ctx context.Context, day string) *runtime.Call[string] {
		return calls.Start(ctx, args{day, "t"})
	}
}

// serve starts an app with calls of all kinds.
func serve(t *testing.T) (server *httptest.Server, a *app.App, s store.Store) {
	t.Helper()
	s = memory.New(0)
	body := func(ctx context.Context, a args) (string, error) {
		switch a.Day {
		case "fails":
			return "", errors.New("no data")
		case "panics":
			panic("ouch")
		case "hangs":
			<-ctx.Done()
			return "", ctx.Err()
		}
		return "got " + a.Day, nil
	}
	_, earlier := newWork("stored.Work", body, runtime.WithStore(s))
	earlier(t.Context(), "earlier").Wait(t.Context())
	plain, startPlain := newWork("plain.Work", body, runtime.Retry(runtime.RetryPolicy{Attempts: 3, Initial: time.Millisecond}))
	stored, startStored := newWork("stored.Work", body, runtime.WithStore(s))
	unused, _ := newWork("unused.Work", body)
	a = &app.App{Name: "test", NoPage: true, Wait: true, Logger: slog.New(slog.DiscardHandler), Works: []*runtime.Runner{plain, stored, unused},
		Loop: &runtime.Loop{KeepGoing: true, Flow: func(ctx context.Context) error {
			runtime.Now(ctx, time.Hour)
			for _, day := range []string{"a", "b", "fails", "panics", "hangs", "earlier"} {
				startPlain(ctx, day)
				startStored(ctx, day)
			}
			return errors.New("the flow failed")
		}}}
	server = httptest.NewServer(a.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		server.CloseClientConnections()
		server.Close()
	})
	return server, a, s
}

// client makes requests and checks them and their answers against the document.
type client struct {
	doc    *openapi3.T
	server *httptest.Server
	asked  map[string]bool
}

func (c *client) do(t *testing.T, method, template, path string, status int, headers ...string) []byte {
	t.Helper()
	item := c.doc.Paths.Value(template)
	if item == nil || item.GetOperation(method) == nil {
		t.Fatalf("%s %s is not in the document", method, template)
	}
	c.asked[method+" "+template] = true
	req, err := http.NewRequest(method, c.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	options := &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true}
	input := &openapi3filter.RequestValidationInput{
		Request: req, Options: options, PathParams: params(template, req.URL.Path),
		Route: &routers.Route{Spec: c.doc, Path: template, PathItem: item, Method: method, Operation: item.GetOperation(method)},
	}
	if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil && status < 400 {
		t.Errorf("%s %s: %v", method, path, err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != status {
		t.Fatalf("%s %s: %s, not %d: %s", method, path, answer.Status, status, text)
	}
	response := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: answer.StatusCode, Header: answer.Header, Options: options}
	if err := openapi3filter.ValidateResponse(t.Context(), response.SetBodyBytes(text)); err != nil {
		t.Errorf("%s %s: %v\n%s", method, path, err, text)
	}
	return text
}

// params returns the parts of a path that a template leaves open.
func params(template, path string) map[string]string {
	out := map[string]string{}
	parts := strings.Split(path, "/")
	for i, part := range strings.Split(template, "/") {
		if strings.HasPrefix(part, "{") && i < len(parts) {
			out[strings.Trim(part, "{}")] = parts[i]
		}
	}
	return out
}

func TestTheAPIIsAsTheDocumentSays(t *testing.T) {
	server, a, _ := serve(t)
	c := &client{document(t), server, map[string]bool{}}
	c.do(t, "GET", "/healthz", "/healthz", 200)
	c.do(t, "GET", "/api/v1/status", "/api/v1/status", 200) // before anything
	c.do(t, "GET", "/api/v1/works/{work}", "/api/v1/works/unused.Work", 200)
	c.do(t, "POST", "/api/v1/loop/{action}", "/api/v1/loop/run", 200)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		var page struct{ Executions []struct{ Status string } }
		json.Unmarshal(c.do(t, "GET", "/api/v1/executions", "/api/v1/executions?work=stored.Work", 200), &page)
		kinds := map[string]bool{}
		for _, execution := range page.Executions {
			kinds[execution.Status] = true
		}
		if len(kinds) == 3 && a.Works[0].Stats().Errors > 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("not all kinds of calls came to be: %v", kinds)
		}
	}
	c.do(t, "GET", "/api/v1/status", "/api/v1/status", 200)
	c.do(t, "GET", "/api/v1/now", "/api/v1/now?works=all", 200)
	c.do(t, "GET", "/api/v1/machines", "/api/v1/machines", 200)
	c.do(t, "GET", "/api/v1/works", "/api/v1/works", 200)
	c.do(t, "GET", "/api/v1/flow", "/api/v1/flow", 200)
	c.do(t, "GET", "/api/v1/openapi.json", "/api/v1/openapi.json", 200)
	const executions, call = "/api/v1/executions", "/api/v1/calls/{key}"
	for _, work := range []string{"plain.Work", "stored.Work"} {
		next := ""
		for more := true; more; more = next != "" {
			var page struct {
				Executions []struct{ Call string }
				Next       string
			}
			text := c.do(t, "GET", executions, executions+"?limit=2&work="+work+"&after="+next, 200)
			if err := json.Unmarshal(text, &page); err != nil {
				t.Fatal(err)
			}
			for _, one := range page.Executions {
				c.do(t, "GET", call, "/api/v1/calls/"+one.Call, 200)
			}
			next = page.Next
		}
	}
	c.do(t, "POST", "/api/v1/loop/{action}", "/api/v1/loop/pause", 200) // or calls that fail are made again and again
	for _, work := range []string{"plain.Work", "stored.Work"} {
		c.do(t, "GET", "/api/v1/works/{work}", "/api/v1/works/"+work, 200)
	}
	var all struct{ Executions []struct{ Call string } }
	if err := json.Unmarshal(c.do(t, "GET", executions, executions+"?work=plain.Work", 200), &all); err != nil {
		t.Fatal(err)
	}
	acted := map[string]bool{}
	for _, one := range all.Executions { // several are of one call
		if acted[one.Call] || len(acted) == 6 {
			continue
		}
		acted[one.Call] = true
		path := "/api/v1/calls/" + one.Call
		c.do(t, "GET", call+"/result", path+"/result", 403) // an argument is secret
		for _, part := range []string{"arguments", "log"} {
			c.do(t, "GET", call+"/"+part, path+"/"+part, 200)
		}
		for _, action := range []string{"stop", "forget", "again"} {
			c.do(t, "POST", call+"/"+action, path+"/"+action, 200)
			c.do(t, "GET", call, path+"?as=json", 200)
		}
	}
	c.do(t, "GET", executions, executions+"?work=plain.Work&status=failed&status=lost&q=data&since=1h&until=2100-01-01&machine=nowhere&limit=500", 200)

	c.do(t, "GET", executions, executions+"?limit=0", 400)
	c.do(t, "GET", "/api/v1/works/{work}", "/api/v1/works/none", 404)
	c.do(t, "GET", call, "/api/v1/calls/none:1", 404)
	for _, action := range []string{"stop", "forget", "again"} {
		c.do(t, "POST", "/api/v1/calls/"+action, "/api/v1/calls/"+action, 200) // of none
	}
	for _, action := range []string{"pause", "resume"} {
		c.do(t, "POST", "/api/v1/works/{work}/{action}", "/api/v1/works/plain.Work/"+action, 200)
	}
	c.do(t, "POST", "/api/v1/works/{work}/{action}", "/api/v1/works/none/pause", 404)
	c.do(t, "POST", call+"/stop", "/api/v1/calls/none:1/stop", 404)
	c.do(t, "POST", call+"/stop", "/api/v1/calls/"+all.Executions[0].Call+"/stop", 403, "Origin", "https://evil.example")
	c.do(t, "POST", "/api/v1/loop/{action}", "/api/v1/loop/run", 403, "Sec-Fetch-Site", "cross-site")
	a.Token = "0123456789abcdef"
	for _, path := range []string{"/api/v1/now", "/api/v1/machines", "/api/v1/status", "/api/v1/works", "/api/v1/flow", "/api/v1/openapi.json", "/api/v1/events"} {
		c.do(t, "GET", path, path, 401)
	}
	a.Token = ""
	c.events(t)

	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			if !c.asked[method+" "+path] {
				t.Errorf("%s %s was not asked for", method, path)
			}
		}
	}
}

// events reads the first event whose data is a Status.
func (c *client) events(t *testing.T) {
	t.Helper()
	answer, err := http.Get(c.server.URL + "/api/v1/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for kind := ""; lines.Scan(); {
		if is, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			kind = is
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || kind != "status" {
			continue
		}
		var v any
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			t.Fatal(err)
		}
		if err := c.doc.ValidateSchemaJSON(c.doc.Components.Schemas["Status"].Value, v); err != nil {
			t.Errorf("%v\n%s", err, data)
		}
		return
	}
	t.Error("there is no event")
}
