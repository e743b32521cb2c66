package app

import (
	"fmt"
	"math"
)

// This file says where the bars of the plots go. Lengths are those of the SVG's own
// coordinates.

// callPlot is the latest calls of a work, a bar each.
type callPlot struct {
	Bars          []bar
	Width, Height int
	Label         string // says the same in words
}

type bar struct {
	X, Y, Width, Height float64
	Class               string
}

const (
	barWidth   = 4
	barStep    = 5
	plotHeight = 24
)

// plotCalls draws durations on a logarithmic scale. Those that failed are told
// from the others by a gap above their foot, too, and not by colour alone.
func plotCalls(points []pointView) callPlot {
	p := callPlot{Width: plotted * barStep, Height: plotHeight}
	low, high := math.Inf(1), math.Inf(-1)
	failed := 0
	for _, c := range points {
		if c.Duration > 0 {
			low, high = min(low, math.Log(c.Duration)), max(high, math.Log(c.Duration))
		}
		if c.Status == "failed" {
			failed++
		}
	}
	x := 0.0
	for _, c := range points {
		height := 3.0
		if c.Duration > 0 && high > low {
			height = 5 + (plotHeight-5)*(math.Log(c.Duration)-low)/(high-low)
		} else if c.Duration > 0 {
			height = plotHeight * 0.6
		}
		height = round(height)
		if c.Status == "failed" {
			p.Bars = append(p.Bars,
				bar{x, round(plotHeight - height), barWidth, max(round(height-5), 1), c.Status},
				bar{x, plotHeight - 3, barWidth, 3, c.Status})
		} else {
			p.Bars = append(p.Bars, bar{x, round(plotHeight - height), barWidth, height, class(c.Status)})
		}
		x += barStep
	}
	switch {
	case len(points) == 0:
		p.Label = "no calls yet"
	case high > low:
		p.Label = fmt.Sprintf("latest %d calls: %d failed, from %s to %s", len(points), failed, duration(math.Exp(low)), duration(math.Exp(high)))
	default:
		p.Label = fmt.Sprintf("latest %d calls: %d failed", len(points), failed)
	}
	return p
}

func class(status string) string {
	switch status {
	case "pending", "running", "stopped":
		return status
	}
	return "done"
}

func round(f float64) float64 { return math.Round(f*10) / 10 }
