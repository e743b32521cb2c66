package openapi

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	api "github.com/workgen/workgen/testdata/openapi/client"
)

// TestTheClientIsOfTheDocument generates it anew.
func TestTheClientIsOfTheDocument(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "client.gen.go")
	out, err := exec.CommandContext(t.Context(), "go", "tool", "oapi-codegen", "-config", "client/config.yaml", "-o", fresh, "../../runtime/app/openapi.json").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	is, err := os.ReadFile("client/client.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if should, err := os.ReadFile(fresh); err != nil || !bytes.Equal(is, should) {
		t.Errorf("it is not up to date (%v): run go generate", err)
	}
}

// TestTheClientCallsEveryOperation of an application, by the functions that were generated.
func TestTheClientCallsEveryOperation(t *testing.T) {
	server, _, _ := serve(t)
	c, err := api.NewClientWithResponses(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	run, err := c.ControlWithResponse(ctx, api.ControlParamsActionRun)
	if err != nil || run.JSON200 == nil || !run.JSON200.Done {
		t.Fatalf("run: %v, %+v", err, run)
	}
	work, key := "stored.Work", ""
	for end := time.Now().Add(20 * time.Second); key == ""; time.Sleep(10 * time.Millisecond) {
		list, err := c.ExecutionsWithResponse(ctx, &api.ExecutionsParams{Work: &work})
		if err != nil || list.JSON200 == nil {
			t.Fatalf("executions: %v, %+v", err, list)
		}
		for _, x := range list.JSON200.Executions {
			if x.Status == "succeeded" {
				key = x.Call
			}
		}
		if time.Now().After(end) {
			t.Fatal("no call has succeeded")
		}
	}
	call, err := c.CallWithResponse(ctx, key, nil)
	if err != nil || call.JSON200 == nil || len(call.JSON200.Executions) == 0 || call.JSON200.Result.State != "kept" {
		t.Fatalf("call: %v, %+v", err, call)
	}
	keys := &[]string{key}
	operations := map[string]func() (any, error){
		"Health": func() (any, error) { return c.HealthWithResponse(ctx) }, "Status": func() (any, error) { return c.StatusWithResponse(ctx) },
		"Works": func() (any, error) { return c.WorksWithResponse(ctx) }, "Openapi": func() (any, error) { return c.OpenapiWithResponse(ctx) },
		"Now": func() (any, error) { return c.NowWithResponse(ctx, nil) }, "Flow": func() (any, error) { return c.FlowWithResponse(ctx) },
		"Machines":   func() (any, error) { return c.MachinesWithResponse(ctx) },
		"Executions": func() (any, error) { return c.ExecutionsWithResponse(ctx, nil) },
		"Work":       func() (any, error) { return c.WorkWithResponse(ctx, work) },
		"Call":       func() (any, error) { return c.CallWithResponse(ctx, key, nil) },
		"Arguments":  func() (any, error) { return c.ArgumentsWithResponse(ctx, key) },
		"Log":        func() (any, error) { return c.LogWithResponse(ctx, key) },
		"Stop":       func() (any, error) { return c.StopWithResponse(ctx, key) },
		"Again":      func() (any, error) { return c.AgainWithResponse(ctx, key) },
		"Forget":     func() (any, error) { return c.ForgetWithResponse(ctx, key) },
		"StopMany": func() (any, error) {
			return c.StopManyWithFormdataBodyWithResponse(ctx, api.StopManyFormdataRequestBody{Key: keys})
		},
		"AgainMany": func() (any, error) {
			return c.AgainManyWithFormdataBodyWithResponse(ctx, api.AgainManyFormdataRequestBody{Key: keys})
		},
		"ForgetMany": func() (any, error) {
			return c.ForgetManyWithFormdataBodyWithResponse(ctx, api.ForgetManyFormdataRequestBody{Key: keys})
		},
		"ControlWork": func() (any, error) {
			return c.ControlWorkWithResponse(ctx, work, api.ControlWorkParamsActionPause)
		},
		"Control": func() (any, error) { return c.ControlWithResponse(ctx, api.ControlParamsActionPause) },
	}
	for name, operation := range operations {
		answer, err := operation()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if response := reflect.ValueOf(answer).Elem().FieldByName("HTTPResponse").Interface().(*http.Response); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	// A token is a secret argument of the calls.
	if result, err := c.ResultWithResponse(ctx, key); err != nil || result.JSON403 == nil {
		t.Errorf("result: %v, %+v", err, result)
	}
	stream, cancel := context.WithCancel(ctx)
	defer cancel()
	if events, err := c.Events(stream); err != nil || events.StatusCode != http.StatusOK {
		t.Errorf("events: %v, %+v", err, events)
	} else {
		cancel()
		events.Body.Close()
	}

	// Whatever is in the document was asked for.
	asked := map[string]bool{"Events": true, "Result": true}
	for name := range operations {
		asked[name] = true
	}
	for _, item := range document(t).Paths.Map() {
		for _, o := range item.Operations() {
			if name := string(o.OperationID[0]-'a'+'A') + o.OperationID[1:]; !asked[name] {
				t.Errorf("the client is not asked for %s", o.OperationID)
			}
		}
	}
}
