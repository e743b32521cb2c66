package nats

// Role is what a user of the server does.
type Role int

const (
	// Reader finds results, and lists executions: for Options.ReadOnly.
	Reader Role = iota

	// Caller has its calls executed by workers, and can change no result, nor delete one. Its
	// Options are Manual.
	Caller

	// Worker executes calls, and keeps their results, those of its own program or of the queue.
	Worker

	// Owner makes the streams, too.
	Owner
)

// Grant is what a user may do.
type Grant struct{ Publish, Subscribe []string }

// Permissions returns the subjects that a user has to be allowed to publish to, and to subscribe to,
// for a namespace. Who may make consumers, as each role does to list executions, can have the server
// send copies of messages to any subject of the account; leave $JS.API.CONSUMER.> out for users
// whom you do not trust so far: they find results, and cannot list executions.
func Permissions(namespace string, role Role) (g Grant) {
	if namespace == "" {
		namespace = DefaultNamespace
	}
	n := newNames(namespace)
	streams := []string{n.calls, n.history, n.chunks, n.state, n.tasks}
	g.Subscribe = []string{"_INBOX.>", n.ns + ".w.>", n.ns + ".n.>"}
	allow := func(subjects ...string) { g.Publish = append(g.Publish, subjects...) }
	for _, stream := range streams {
		allow("$JS.API.STREAM.INFO."+stream, "$JS.API.STREAM.MSG.GET."+stream, "$JS.API.DIRECT.GET."+stream+".>")
		if stream != n.chunks {
			allow("$JS.API.CONSUMER.CREATE."+stream+".>", "$JS.API.CONSUMER.MSG.NEXT."+stream+".>", "$JS.API.CONSUMER.DELETE."+stream+".>")
		}
	}
	if role >= Caller { // tasks with their arguments, and marks
		allow(n.ns+".t.>", n.ns+".q.>", n.ns+".c.*.*.0.>", n.ns+".s.mark.>", "$JS.API.STREAM.MSG.DELETE."+n.tasks)
	}
	if role >= Worker {
		g.Subscribe = append(g.Subscribe, n.ns+".q.>")
		allow(n.ns+".r.>", n.ns+".h.>", n.ns+".c.>", n.ns+".s.>")
		allow("$JS.API.STREAM.PURGE."+n.chunks, "$JS.API.STREAM.MSG.DELETE."+n.calls, "$JS.API.STREAM.MSG.DELETE."+n.history, "$JS.API.STREAM.MSG.DELETE."+n.state)
	}
	if role >= Owner {
		for _, stream := range streams {
			allow("$JS.API.STREAM.CREATE." + stream)
		}
	}
	return g
}
