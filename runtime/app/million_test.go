package app

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
	"github.com/workgen/workgen/runtime/store/memory"
)

var million = flag.Int("million", 0, "how many `executions` there are on disk while views are timed, such as 1000000; 0: they are not timed")

// manyWorks is how many works share them.
const manyWorks = 100

// TestViewsAreFastWithAMillionExecutions times what the server takes for each view. The store is
// made once, in the directory of temporary files:
//
//	go test ./runtime/app -run Million -million 1000000 -v
func TestViewsAreFastWithAMillionExecutions(t *testing.T) {
	if *million == 0 {
		t.Skip("-million is not given")
	}
	dir := manyExecutions(t, *million)
	s, err := disk.Open("", disk.Options{Dir: dir, History: -1, HistoryAge: -1, MaxBytes: -1, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	works := millionWorks(s)
	a := &App{NoPage: true, Logger: quiet, Loop: &runtime.Loop{Flow: func(context.Context) error { return nil }}}
	for _, w := range works {
		a.Works = append(a.Works, w.Runner)
	}
	handler := a.Handler()
	defer a.site.stop()
	failed := ""
	for rec, err := range s.History(t.Context(), store.Filter{Status: []store.Status{store.Failed}, Limit: 1}) {
		if failed = rec.Key.String(); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{
		"/view", "/api/v1/now", "/healthz", "/view/calls/" + failed,
		"/view/executions", "/view/executions?status=failed", "/view/executions?status=lost", "/view/executions?work=million.Work07",
		"/view/executions?machine=nowhere", "/view/executions?q=nowhere", "/view/executions?q=nowhere&status=failed", "/view/executions?q=deadbeef",
		"/view/executions?q=nowhere&work=million.Work07", "/view/executions?machine=nowhere&work=million.Work07",
		"/view/executions?since=1h", "/view/executions?until=1h", "/view/executions?since=100d&until=90d", "/view/executions?status=failed&until=2h&work=million.Work07",
		"/view/works/million.Work07", "/view/works/million.Work07?q=nowhere", "/api/v1/executions?limit=500",
	} {
		var took []time.Duration
		for range 20 {
			answer := httptest.NewRecorder()
			began := time.Now()
			handler.ServeHTTP(answer, httptest.NewRequest("GET", "http://localhost"+path, nil))
			took = append(took, time.Since(began))
			if answer.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", path, answer.Code, answer.Body)
			}
			time.Sleep(100 * time.Millisecond) // that what is found in the background is found anew
		}
		first := took[0]
		slices.Sort(took)
		t.Logf("%-30s first %v, half %v, longest %v", path[:min(len(path), 30)], first.Round(time.Microsecond), took[10].Round(time.Microsecond), took[19].Round(time.Microsecond))
		if took[10] > 100*time.Millisecond {
			t.Errorf("%s takes %v", path, took[10])
		}
	}
	eventually(t, "all that failed is found", func() bool {
		f := a.site.now(false).Failed
		return f.Looked && !f.Partly && f.All == manyWorks
	})
	for _, k := range a.site.glance.stores {
		t.Logf("to look for all that failed takes %v, to look again %v", k.took, a.site.glance.took)
	}
}

// millionWorks returns the works of such a store: of ten calls one fails.
func millionWorks(s store.Store) (works []*work) {
	for i := range manyWorks {
		works = append(works, newWork(fmt.Sprintf("million.Work%02d", i), func(ctx context.Context, day string) (string, error) {
			if strings.HasSuffix(day, "9") {
				return "", errors.New("no data for " + day)
			}
			return "got " + day, nil
		}, runtime.WithStore(s)))
	}
	return works
}

// manyExecutions returns the directory of a store with n executions, of which one in ten has failed
// and most of these were superseded.
func manyExecutions(t *testing.T, n int) (dir string) {
	dir = filepath.Join(os.TempDir(), fmt.Sprintf("workgen-million-%d", n))
	done, database := filepath.Join(dir, "complete"), filepath.Join(dir, "store.db")
	if _, err := os.Stat(done); err == nil {
		// Test programs know no module versions, so that each is a build of its own.
		change(t, database, `UPDATE scope SET build = ?`, buildOfTest(t))
		return dir
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	s, err := disk.Open("", disk.Options{Dir: dir, Relaxed: true, Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range millionWorks(s) {
		for day := range 10 {
			w.Run(t.Context(), fmt.Sprintf("day %d", day))
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	multiply(t, database, n)
	if err := os.WriteFile(done, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// multiply copies the executions of a store into the past, until there are n. Those that have
// succeeded are then of other calls, those that have failed of the same.
func multiply(t *testing.T, database string, n int) {
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for have, back := 10*manyWorks, time.Minute; have < n; have, back = 2*have, 2*back {
		var first, last int64
		if err := db.QueryRow(`SELECT min(seq), max(seq) FROM execution`).Scan(&first, &last); err != nil {
			t.Fatal(err)
		}
		off := max(back.Microseconds(), last-first+1)
		_, err := db.Exec(`INSERT INTO execution SELECT seq - ?1, CASE status WHEN 2 THEN key ELSE randomblob(32) END, work, scope, status,
			holder, nonce, started - ?1, finished - ?1, expires, gone, used, hits, text, record FROM execution LIMIT ?2`, off, n-have)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func change(t *testing.T, database, query string, args ...any) {
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

// buildOfTest returns what records say of the build of this program.
func buildOfTest(t *testing.T) string {
	s := memory.New(0)
	newWork("any.Work", echo, runtime.WithStore(s)).Run(t.Context(), "a")
	for rec, err := range s.History(t.Context(), store.Filter{}) {
		if err == nil {
			return rec.Build
		}
	}
	t.Fatal("there is no record")
	return ""
}
