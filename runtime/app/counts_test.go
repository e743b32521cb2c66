package app

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/workgen/workgen/runtime"
)

// TestAllThatIsCountedIsShown gives each field of runtime.Stats a value of its own: the API and the
// page of a work have it.
func TestAllThatIsCountedIsShown(t *testing.T) {
	var stats runtime.Stats
	fields := reflect.ValueOf(&stats).Elem()
	for i := range fields.NumField() {
		switch f := fields.Field(i); f.Kind() {
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(701 + i))
		}
	}
	stats.Bytes = 3 << 20
	stats.ExecutionTime = 777 * time.Second
	w := workDetailView{workView: workView{ID: "counted.Work", Status: "succeeded", countsView: countsOf(stats)}}
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	f := pageFrame{Body: workPage{Work: w, List: listPage{Query: &executionQuery{}}}}
	var page strings.Builder
	if err := (format{}).templates().ExecuteTemplate(&page, "work", f); err != nil {
		t.Fatal(err)
	}
	for i := range fields.NumField() {
		field := fields.Type().Field(i)
		inJSON, onPage := any(float64(701+i)), fmt.Sprint(701+i)
		name := string(unicode.ToLower(rune(field.Name[0]))) + field.Name[1:]
		switch field.Name {
		case "InFlight":
			name = "running"
		case "Paused":
			inJSON, onPage = true, `id="resume-work"`
		case "Bytes":
			inJSON, onPage = float64(3<<20), ", 3.0 MiB"
		case "ExecutionTime":
			inJSON, onPage = 777.0, duration(777)
		}
		if object[name] != inJSON {
			t.Errorf("%s is %v in the API", name, object[name])
		}
		if !strings.Contains(page.String(), onPage) {
			t.Errorf("%s is not on the page as %s", field.Name, onPage)
		}
	}
}
