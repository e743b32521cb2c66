package sales

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/workgen/workgen/runtime"
)

//go:generate go run github.com/workgen/workgen/cmd/workgen

// Batch is what a shop has sold on one day, a line per sale.
type Batch struct {
	Shop  string
	Lines []string
}

// Sale is a product, and what it brought.
type Sale struct {
	Product string
	Cents   int
}

// Fetch gets what a shop has sold.
//
//workgen:work concurrency=8 secret=token
type Fetch struct {
	Source string `workgen:"key"`

	Pace time.Duration `workgen:"-"` // what it takes
}

// Run returns the sales of a shop on one day. The shop in Reykjavík answers at the third
// attempt, and the one at the South Pole does not answer at all.
func (f *Fetch) Run(ctx context.Context, shop, day, token string) (Batch, error) {
	log := runtime.Logger(ctx)
	log.Info("asking "+f.Source, "shop", shop, "day", day)
	if err := wait(ctx, f.Pace); err != nil {
		return Batch{}, err
	}
	switch {
	case shop == southPole:
		log.Warn("no answer", "status", 503)
		return Batch{}, fmt.Errorf("GET %s/%s?day=%s&token=%s: 503 Service Unavailable: the satellite is below the horizon", f.Source, shop, day, token)
	case shop == reykjavik && runtime.Attempt(ctx) < 3:
		return Batch{}, errors.New("read tcp 10.2.0.7:51422->10.9.1.4:443: connection reset by peer")
	}
	b := Batch{Shop: shop}
	for i := range 20 + len(shop) {
		b.Lines = append(b.Lines, fmt.Sprintf("product %d, %d", i, 100+(i*7+int(day[len(day)-1]))%13))
	}
	log.Info("got them", "lines", len(b.Lines))
	return b, nil
}

// Parse reads what was fetched.
//
//workgen:work concurrency=4
type Parse struct {
	Pace time.Duration `workgen:"-"`
}

// Run returns the sales of a batch. The batch of the shop in Haifa is of another format.
func (p *Parse) Run(ctx context.Context, batch Batch) ([]Sale, error) {
	if err := wait(ctx, p.Pace); err != nil {
		return nil, err
	}
	if batch.Shop == haifa {
		return nil, runtime.Permanent(fmt.Errorf("line 3 of %s: \x1b[31m\"תה,‮ 052\"\x1b[0m is no amount\x00\nline 4: the same", batch.Shop))
	}
	var sales []Sale
	for i, line := range batch.Lines {
		var s Sale
		product, amount, _ := strings.Cut(line, ", ")
		s.Product = product
		if _, err := fmt.Sscan(amount, &s.Cents); err != nil {
			return nil, err
		}
		sales = append(sales, s)
		runtime.Progress(ctx, int64(i+1), int64(len(batch.Lines)), batch.Shop)
	}
	return sales, nil
}

// Rules are what sales have to be like.
type Rules struct {
	Most     int
	Currency string
	Ignore   []string
}

// Validate looks for what cannot be.
//
//workgen:work timeout=5m
type Validate struct {
	Pace time.Duration `workgen:"-"`
}

// Run returns how many sales are good. It has a bug that the shop in Quito brings out.
func (v *Validate) Run(ctx context.Context, shop string, sales []Sale, rules Rules) (int, error) {
	if err := wait(ctx, v.Pace); err != nil {
		return 0, err
	}
	good := 0
	for i := range sales {
		if cheaperThanNext(sales, i, shop) || sales[i].Cents <= rules.Most {
			good++
		}
	}
	return good, nil
}

// cheaperThanNext compares a sale with the next one, which it believes to be there in Quito.
func cheaperThanNext(sales []Sale, i int, shop string) bool {
	if i == len(sales)-1 && shop != quito {
		return false
	}
	return sales[i].Cents < sales[i+1].Cents
}

// Aggregate sums up.
//
//workgen:work
type Aggregate struct {
	Pace time.Duration `workgen:"-"`
}

// Run returns the sales of a region on one day, by product.
func (a *Aggregate) Run(ctx context.Context, region, day string, good map[string]int) (map[string]int, error) {
	sums := map[string]int{}
	for shop, n := range good {
		sums[shop] += n * 100
	}
	return sums, wait(ctx, a.Pace)
}

// Config says how a model is trained.
type Config struct {
	Epochs   int
	Rate     float64
	Layers   []Layer
	Features map[string]Feature
}

// Layer is one of a model.
type Layer struct {
	Name       string
	Units      int
	Activation string
	Dropout    float64
}

// Feature says how a column is used.
type Feature struct {
	Column, Kind string
	Weight       float64
	Vocabulary   []string
}

// Train trains models, one at a time: there is one accelerator.
//
//workgen:work concurrency=1
type Train struct {
	Pace time.Duration `workgen:"-"` // of an epoch
}

// Run returns the name of the model of a segment.
func (t *Train) Run(ctx context.Context, segment, day string, config Config) (string, error) {
	for i := range config.Epochs {
		if err := wait(ctx, t.Pace); err != nil {
			return "", err
		}
		loss := 1 / (1 + float64(i)*config.Rate)
		runtime.Progress(ctx, int64(i+1), int64(config.Epochs), fmt.Sprintf("epoch %d, loss %.3f", i+1, loss))
		if i%50 == 0 {
			runtime.Logger(ctx).Info("trained", "epoch", i+1, "loss", loss)
		}
	}
	return segment + "-" + day + ".onnx", nil
}

// Score says what shops will sell. It has the models trained that it needs.
//
//workgen:work concurrency=4
type Score struct {
	Train *TrainRunner `workgen:"key"`

	Pace time.Duration `workgen:"-"`
}

// Run returns what the shops of a region will sell on the next day, by the model of a segment.
func (s *Score) Run(ctx context.Context, region, segment, day string, config Config) (float64, error) {
	model, err := s.Train.Run(ctx, segment, day, config)
	if err != nil {
		return 0, fmt.Errorf("there is no model: %w", err)
	}
	return float64(len(region)*len(model)) / 10, wait(ctx, s.Pace)
}

// Report writes down what was found.
//
//workgen:work
type Report struct {
	Pace time.Duration `workgen:"-"`
}

// Run returns the report of a day as text.
func (r *Report) Run(ctx context.Context, day string, sums map[string]int, scores map[string]float64, problems []string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "Sales of %s: %d regions, %d forecasts\n", day, len(sums), len(scores))
	for _, p := range problems {
		fmt.Fprintf(&b, "- %s\n", p)
	}
	return b.String(), wait(ctx, r.Pace)
}

// Notify tells people. That they were told says nothing after a restart, so it is kept in memory.
//
//workgen:work memory
type Notify struct {
	Pace time.Duration `workgen:"-"`
}

// Run sends a message. Nobody has a fax any more.
func (n *Notify) Run(ctx context.Context, channel, message string) error {
	if channel == "fax" {
		return runtime.Permanent(errors.New("dial fax +1 555 0100: no carrier"))
	}
	return wait(ctx, n.Pace)
}

// wait returns after d, or when ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
