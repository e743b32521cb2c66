// Package durable measures what it costs to keep a result and to find it again: with
// a runner and the store on disk, with DBOS Transact on SQLite, and with one file per
// result as joblib has it. It is a module of its own, so that nobody who uses
// workgen gets the dependencies.
//
//	go test -bench .    # µs per call of 100 bytes
//	go test .           # that each finds what it has kept
//
// On two virtual cores of an Intel Xeon, beside busy neighbours (µs, Go 1.26.8):
//
//	            workgen  relaxed  dbos  file
//	completed       365      221   194   954
//	found            15       14    69    10
//
// A completed call of workgen is two commits: the lease, which keeps all others from
// executing the call, and the result. DBOS does not wait for the disk (synchronous =
// NORMAL), which corresponds to the option Relaxed. A file is neither shared with
// others who execute the same call, nor checked, counted or collected.
package durable
