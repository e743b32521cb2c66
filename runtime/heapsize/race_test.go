//go:build race

package heapsize_test

// raceDetector says that the race detector is on: it has each object of less than 16 bytes take a block of its own.
const raceDetector = true
