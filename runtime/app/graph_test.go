package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/workgen/workgen/runtime"
)

func TestTheFlowShowsWhoCallsWhom(t *testing.T) {
	model := newWork("sales.Train", echoed)
	score := newWork("sales.Score", func(ctx context.Context, arg string) (string, error) { return model.Run(ctx, "m") })
	unused := newWork("sales.Report", echoed)
	score.Run(t.Context(), "from a test")
	a := &App{Works: []*runtime.Runner{model.Runner, score.Runner, unused.Runner}, Loop: &runtime.Loop{Name: "nightly", Flow: func(ctx context.Context) error {
		runtime.Cron(ctx, "CRON_TZ=UTC 0 3 * * *")
		_, err := score.Run(ctx, "b")
		return err
	}}}
	r := start(t, a)
	var v flowView
	eventually(t, "three edges", func() bool {
		_, text := r.do(t, "GET", "/api/v1/flow", "")
		v = flowView{}
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		return len(v.Edges) == 3
	})
	want(t, "edges", fmt.Sprint(v.Edges), "[{sales.Score sales.Train 1} {code:4 sales.Score 1} {loop sales.Score 1}]")
	if s := v.Schedules; len(s) != 1 || len(s[0].Following) != followed || s[0].Following[1].Sub(s[0].Following[0]) != 24*time.Hour || !s[0].Following[0].Equal(s[0].Next) {
		t.Errorf("schedules: %+v", s)
	}
	_, page := r.do(t, "GET", "/view/flow", "")
	for _, part := range []string{
		`href="../view/works/sales.Train"`, "flow nightly", "other code", "sales.Score calls sales.Train: once", `called once`,
		`Nobody was seen to call <a href="../view/works/sales.Report">sales.Report</a>`,
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	callers := a.site.callers(score.Runner)
	if len(callers.Callers) != 2 || len(callers.Callees) != 1 || callers.Callees[0].Node.ID != "sales.Train" {
		t.Errorf("callers: %+v", callers)
	}
}

func echoed(_ context.Context, arg string) (string, error) { return arg, nil }

// TestTheTreeHasEachWorkOnce looks at graphs with rings, and with works that several call.
func TestTheTreeHasEachWorkOnce(t *testing.T) {
	for _, test := range []struct{ edges, want string }{
		{"a>b b>c a>c", "a(b(c) c)"},
		{"a>b c>b b>d", "a(b(d)) c(b[see above])"},
		{"b>c c>b", "b(c(b[see above]))"},
		{"a>a", "a(a[itself])"},
		{"", ""},
	} {
		v := flowView{}
		for _, id := range "abcd" {
			v.Nodes = append(v.Nodes, nodeView{ID: string(id), Kind: kindWork})
		}
		for e := range strings.FieldsSeq(test.edges) {
			v.Edges = append(v.Edges, edgeView{e[:1], e[2:], 1})
		}
		tree, idle := v.tree()
		want(t, test.edges, written(tree), test.want)
		for _, n := range idle {
			if strings.Contains(test.edges, n.ID) {
				t.Errorf("%s: %s is said not to be called", test.edges, n.ID)
			}
		}
	}
}

func written(list []relation) string {
	var parts []string
	for _, r := range list {
		text := r.Node.ID
		if r.Note != "" {
			text += "[" + r.Note + "]"
		}
		if len(r.Below) > 0 {
			text += "(" + written(r.Below) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func TestWhatIsTooMuchIsNotDrawn(t *testing.T) {
	v := flowView{Nodes: []nodeView{{ID: "loop", Kind: kindLoop}}}
	for i := range maxDrawnNodes - 1 {
		id := fmt.Sprint("work", i)
		v.Nodes = append(v.Nodes, nodeView{ID: id, Kind: kindWork})
		v.Edges = append(v.Edges, edgeView{"loop", id, 1})
	}
	if drawn(v) == nil {
		t.Error("it is not drawn, though there is room")
	}
	v.Nodes = append(v.Nodes, nodeView{ID: "one more", Kind: kindWork})
	v.Edges = append(v.Edges, edgeView{"loop", "one more", 1})
	if drawn(v) != nil {
		t.Error("too many works are drawn")
	}
}

func TestNamesInAPictureAreHarmless(t *testing.T) {
	w := newWork("evil.\u202e<script>alert(1)</script>\x1b[31m"+strings.Repeat("x", 300), echoed)
	r := start(t, &App{Works: []*runtime.Runner{w.Runner}, Loop: &runtime.Loop{Name: "\u202e<b>\x00", Flow: func(ctx context.Context) error {
		_, err := w.Run(ctx, "a")
		return err
	}}})
	eventually(t, "a call", func() bool { return w.Stats().Executions == 1 })
	_, page := r.do(t, "GET", "/view/flow", "")
	for _, bad := range []string{"<script>alert", "<b>", "\u202e", "\x1b", "\x00"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

func TestSchedulesThatCannotBeReadHaveNoTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := schedules([]tickView{{Schedule: "nonsense"}, {Schedule: "CRON_TZ=UTC 0 * * * *"}}, time.Now())
		if len(got[0].Following) != 0 || got[0].Following == nil || len(got[1].Following) != followed || !got[1].Following[0].After(time.Now()) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestPassesAreDrawnWithTheirValues(t *testing.T) {
	p := plotPasses([]passView{{Number: 7, Executions: 1200, Hits: 0, Took: 0.5}, {Number: 8, Executions: 1, Hits: 3}})
	want(t, "the first", p.Bars[0].Text, "pass 7: 1\u202f200 executed, 0 hits, 500 ms")
	want(t, "the scale", fmt.Sprint(p.MostExecutions, p.MostHits, p.First, p.Last), "1200 3 7 8")
	if b := p.Bars; b[0].Executions.Height != passReach || b[1].Executions.Height < 2 || b[0].Hits.Height != 0 || b[1].Hits.Height != passReach {
		t.Errorf("bars: %+v", b)
	}
}
