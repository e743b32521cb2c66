//go:build !race

package disk_test

const slowdown = 1
