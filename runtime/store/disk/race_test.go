//go:build race

package disk_test

// slowdown is by how much SQLite is slower with the race detector, about: tests that
// need many results take fewer.
const slowdown = 10
