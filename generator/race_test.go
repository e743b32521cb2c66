//go:build race

package generator_test

// raceDetector says that the tests were built with it: sync.Pool then drops
// encoders at random, so that allocations cannot be counted.
const raceDetector = true
