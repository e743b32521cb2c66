//go:build !race

package heapsize_test

// raceDetector says that the race detector is on.
const raceDetector = false
