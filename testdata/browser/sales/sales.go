package sales

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
	"github.com/workgen/workgen/runtime/app"
	"github.com/workgen/workgen/runtime/schedule"
	"github.com/workgen/workgen/runtime/store"
	"github.com/workgen/workgen/runtime/store/disk"
)

// Shops that are not like the others.
const (
	southPole = "South Pole"
	reykjavik = "Reykjavík"
	haifa     = "Haifa \u202eהפיח\u202c\x1b[1m"
	quito     = "Quito"
)

var (
	shops = []string{
		southPole, reykjavik, haifa, quito,
		"Amsterdam", "Athens", "Auckland", "Bangkok", "Barcelona", "Berlin", "Bogotá", "Boston", "Brussels",
		"Budapest", "Cairo", "Cape Town", "Chicago", "Copenhagen", "Dakar", "Delhi", "Dublin", "Edinburgh", "Geneva",
		"Hamburg", "Hanoi", "Helsinki", "Istanbul", "Jakarta", "Kraków", "Kyoto", "Lagos", "Lima", "Lisbon",
		"Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", "London", "Madrid", "Marseille",
		"Melbourne", "Milan", "Montréal", "Mumbai", "Munich", "Nairobi", "Naples", "Oslo", "Osaka", "Paris", "Porto",
		"Prague", "Riga", "Rome", "Santiago", "São Paulo", "Seoul", "Stockholm", "Sydney", "Tallinn", "Toronto",
		"Vienna", "Warsaw", "Zürich", "東京",
	}
	regions  = []string{"Africa", "Americas", "Asia-Pacific", "Europe"}
	segments = []string{"online", "stores", "wholesale"}

	nightly = schedule.MustParse("CRON_TZ=Europe/Berlin 0 3 * * *")
	hourly  = schedule.MustParse("@hourly")
)

// Sales is the application, with its works.
type Sales struct {
	*app.App

	Fetch     *FetchRunner
	Parse     *ParseRunner
	Validate  *ValidateRunner
	Aggregate *AggregateRunner
	Train     *TrainRunner
	Score     *ScoreRunner
	Report    *ReportRunner
	Notify    *NotifyRunner

	store store.Store
}

// Calm is how long what goes on at last goes on for at least: training takes that long.
const Calm = time.Hour

// Open opens the application whose store is in a directory. Without a store there, it makes one
// with the history of the two days before now, which takes some seconds.
func Open(ctx context.Context, dir string, now time.Time) (*Sales, error) {
	s, err := disk.Open("", disk.Options{Dir: dir, Relaxed: true})
	if err != nil {
		return nil, err
	}
	used, err := s.Usage(ctx)
	if err == nil && used.Records == 0 {
		err = history(ctx, dir, now)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return New(s, 1), nil
}

// history makes the runs of the two days before now.
func history(ctx context.Context, dir string, now time.Time) error {
	for days := 2; days > 0; days-- {
		own, err := disk.Open("", disk.Options{Dir: dir, Relaxed: true})
		if err != nil {
			return err
		}
		at := now.AddDate(0, 0, -days)
		s := New(&earlier{Store: own, began: time.Now(), at: at, pid: 4200 + days, dies: days == 2}, 0.0001)
		s.Loop.Flow = func(ctx context.Context) error {
			if err := s.night(ctx, at, 200); err != nil {
				return err
			}
			return runtime.Stop
		}
		s.Loop.Name, s.Loop.Logger = "", s.Logger
		err = s.Loop.Run(ctx)
		if err = errors.Join(err, s.Close()); err != nil {
			return fmt.Errorf("the run of %s: %w", at.Format(time.DateOnly), err)
		}
	}
	return nil
}

// New returns an application with a store. Pace is how fast it is: 1 is a second per epoch.
func New(s store.Store, pace float64) *Sales {
	takes := func(d time.Duration) time.Duration { return time.Duration(pace * float64(d)) }
	quiet := slog.New(slog.DiscardHandler)
	opts := []runtime.Option{runtime.WithStore(s), runtime.WithLogger(quiet)}
	// That it is tried again soon enough in the history, and waits long enough now.
	again := runtime.Retry(runtime.RetryPolicy{Attempts: 4, Initial: max(takes(20*time.Minute), time.Millisecond), Max: time.Hour})
	a := &Sales{
		Fetch:     NewFetchRunner(&Fetch{Source: "https://tills.example.com", Pace: takes(40 * time.Millisecond)}, append(opts, again)...),
		Parse:     NewParseRunner(&Parse{Pace: takes(10 * time.Millisecond)}, opts...),
		Validate:  NewValidateRunner(&Validate{Pace: takes(10 * time.Millisecond)}, opts...),
		Aggregate: NewAggregateRunner(&Aggregate{Pace: takes(50 * time.Millisecond)}, opts...),
		Train:     NewTrainRunner(&Train{Pace: takes(time.Second)}, opts...),
		Report:    NewReportRunner(&Report{Pace: takes(50 * time.Millisecond)}, opts...),
		Notify:    NewNotifyRunner(&Notify{Pace: takes(10 * time.Millisecond)}, runtime.WithLogger(quiet)),
		store:     s,
	}
	a.Score = NewScoreRunner(&Score{Train: a.Train, Pace: takes(20 * time.Millisecond)}, opts...)
	a.App = &app.App{
		Name: "sales", Logger: quiet,
		Works: []*runtime.Runner{
			a.Fetch.Runner, a.Parse.Runner, a.Validate.Runner, a.Aggregate.Runner,
			a.Train.Runner, a.Score.Runner, a.Report.Runner, a.Notify.Runner,
		},
		Loop: &runtime.Loop{Name: "sales", Store: s, KeepGoing: true, Flow: func(ctx context.Context) error {
			a.Notify.Start(ctx, "log", "it is "+runtime.Cron(ctx, hourly).Format(time.DateTime))
			runtime.Cron(ctx, nightly, runtime.Named("nightly report"))
			return a.night(ctx, runtime.Today(ctx), int(Calm/time.Second))
		}},
	}
	return a
}

// Close closes the runners, and the store.
func (s *Sales) Close() error {
	for _, r := range s.Works {
		r.Close(context.Background())
	}
	return s.store.Close()
}

// night is the flow of one day.
func (s *Sales) night(ctx context.Context, day time.Time, epochs int) error {
	date := day.Format(time.DateOnly)
	var problems []string
	note := func(shop string, err error) {
		problems = append(problems, shop+": "+err.Error())
	}
	batches := make([]*runtime.Call[Batch], len(shops))
	for i, shop := range shops {
		batches[i] = s.Fetch.Start(ctx, shop, date, "s3cr3t-of-the-tills-4711")
	}
	good, err := s.counts(ctx, batches, date, note)
	if err != nil {
		return err
	}
	var sums []*runtime.Call[map[string]int]
	var scores []*runtime.Call[float64]
	for i, region := range regions {
		part := map[string]int{}
		for j, shop := range shops {
			if j%len(regions) == i {
				part[shop] = good[shop]
			}
		}
		sums = append(sums, s.Aggregate.Start(ctx, region, date, part))
		for _, segment := range segments {
			scores = append(scores, s.Score.Start(ctx, region, segment, date, configOf(segment, epochs)))
		}
	}
	s.Notify.Start(ctx, "fax", "all of "+date+" is in")
	all, byRegion := map[string]int{}, map[string]float64{}
	summed, err := runtime.Each(ctx, sums)
	if err != nil {
		return err
	}
	for i := range summed {
		for _, cents := range summed[i].Result {
			all[regions[i]] += cents
		}
	}
	scored, err := runtime.Each(ctx, scores)
	if err != nil {
		return err
	}
	for i := range scored {
		byRegion[regions[i/len(segments)]] += scored[i].Result
	}
	text, err := s.Report.Run(ctx, date, all, byRegion, problems)
	if err != nil {
		return err
	}
	return s.Notify.Run(ctx, "mail", text)
}

// counts returns how many good sales each shop has. Shops that are far away may come later.
func (s *Sales) counts(ctx context.Context, batches []*runtime.Call[Batch], date string, note func(shop string, err error)) (map[string]int, error) {
	good := map[string]int{}
	parsed := make([]*runtime.Call[[]Sale], len(shops))
	for i, shop := range shops {
		wait := batches[i].Wait
		if shop == southPole || shop == reykjavik {
			wait = func(context.Context) (Batch, error) { return batches[i].Result() }
		}
		batch, err := wait(ctx)
		switch {
		case errors.Is(err, runtime.ErrSuspended), errors.Is(err, runtime.ErrNotFinished):
		case err != nil:
			note(shop, err)
		default:
			parsed[i] = s.Parse.Start(ctx, batch)
		}
	}
	rows, err := runtime.Each(ctx, parsed)
	if err != nil {
		return nil, err
	}
	validated := make([]*runtime.Call[int], len(shops))
	rules := Rules{Most: 100_000, Currency: "EUR", Ignore: strings.Fields("gift-cards deposits returns")}
	for i, shop := range shops {
		if rows[i].Err != nil {
			note(shop, rows[i].Err)
		} else if parsed[i] != nil {
			validated[i] = s.Validate.Start(ctx, shop, rows[i].Result, rules)
		}
	}
	counts, err := runtime.Each(ctx, validated)
	for i, shop := range shops {
		if err == nil && counts[i].Err != nil {
			note(shop, counts[i].Err)
		} else if err == nil {
			good[shop] = counts[i].Result
		}
	}
	return good, err
}

// configOf returns how the model of a segment is trained: some 20 KB.
func configOf(segment string, epochs int) Config {
	c := Config{Epochs: epochs, Rate: 0.003, Features: map[string]Feature{}}
	for i := range 12 {
		c.Layers = append(c.Layers, Layer{fmt.Sprintf("%s-%d", segment, i), 64 << (i % 4), "relu", 0.1})
	}
	for i := range 80 {
		f := Feature{Column: fmt.Sprintf("sales_of_product_%03d", i), Kind: "categorical", Weight: 1 / float64(i+1)}
		for j := range 12 {
			f.Vocabulary = append(f.Vocabulary, fmt.Sprintf("value-%d-%d", i, j))
		}
		c.Features[fmt.Sprintf("feature_%03d", i)] = f
	}
	return c
}
