package app

import "math"

// This file says where the bars of the plots go. Lengths are those of the SVG's own
// coordinates.

type bar struct {
	X, Y, Width, Height float64
	Class               string
}

func round(f float64) float64 { return math.Round(f*10) / 10 }
