//go:build !cgo

package systems

func weigh(n int) int { return 2 * n }
