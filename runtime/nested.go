package runtime

import "github.com/workgen/workgen/runtime/key"

// EncodeRunner writes what stands for a runner that is an input of another work: the
// name of its own work, what identifies types, code and build, and the options that decide
// what it returns: whether calls are cached and for how long (results as well as
// errors), when they time out, and how often they are tried. It returns true when the
// fields of the work follow that are inputs; after them comes Leave. Of a runner that
// was never made, and of one that the encoding is inside of already, there are none.
//
// Limits, loggers, observers and stores are no part of it: they do not change what a
// call returns.
func (c *Calls[K, A, R]) EncodeRunner(e *key.Encoder) bool {
	if !key.Enter(e, c) {
		return false
	}
	r := c.runner
	e.String(r.name)
	e.String(r.schema)
	e.String(r.code.scope())
	e.String(r.build.Build().Sum)
	e.Bool(r.cacheCalls)
	e.Int64(int64(r.ttl))
	e.Int64(int64(r.cacheErrors))
	e.Int64(int64(r.timeout))
	e.Int(r.retry.Attempts)
	return true
}
