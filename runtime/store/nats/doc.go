// Package nats is a store for many machines, and a queue for workers, on NATS with JetStream, version
// 2.14 or later.
//
//	results, err := nats.Open(ctx, nats.Options{URL: "tls://a,tls://b,tls://c", Namespace: "sales"})
//	defer results.Close()
//	train := NewTrainerRunner(&Trainer{}, runtime.WithStore(results), runtime.WithWorkers(results.Queue(), "gpu"))
//
// Open makes what is missing, so there is nothing to install beside the servers. Package embed runs
// one inside of the process, for those who have none.
//
// # What is promised
//
// All that package store does. The last message of a call's subject is its lease, and then its
// result, and is replaced only if it is still the one that was seen. A result that was acknowledged
// survives what the servers survive: with three replicas the loss of any one, its disk included.
//
// Each message is acknowledged once a majority has it, and a server that is alone has it once it has
// written it. It is safe from a loss of power only with
//
//	jetstream { store_dir: /var/lib/nats, sync_interval: always }
//
// without which one loss of power can take a whole stream. A client cannot see how a server is set,
// so nothing warns of it; package embed sets it.
//
// While there is no leader, such as for some seconds after one was killed, everything waits, for 15
// seconds at most. Leases outlive it. Times that are kept are the servers', so clocks of clients may
// be wrong; those of the servers should agree to a second.
//
// Who waits for a call of another machine is told by the server, and looks every one to two seconds
// beside that. How often results were used is not counted.
//
// # What there is
//
// Streams: <namespace>-calls has the newest execution of each call, with its result up to 256 KiB
// (compressed); -chunks has larger results, in parts; -history the earlier executions; -state marks
// and what many records have in common. A call takes about 700 bytes beside its result.
//
// While a call is executed Again its message has the old result, too, which each renewal of the lease
// sends once more. Programs of older versions see none then, and drop it when they execute the call, or
// collect garbage.
//
// Do not set max_bytes, max_age (but for -history) or TTLs on them: leases and results would go that
// are needed, and Open refuses such streams. What bounds them are Options.MaxAge, MaxBytes and
// HistoryAge: one of the processes that use the namespace collects every ten minutes, or each
// minute while there is too much. Of -history limits may be changed with the tools of NATS, and
// replicas of all.
//
// To list the newest executions costs little; to list all, or to search for what is rare, means to
// read all records, without results: about a second for 100,000.
//
// Who takes tasks is told of all changes to those of its pools and routes: with very many workers of
// one work, and very short executions, that is what there is most of. A worker that has not reported
// for Options.AckWait loses its tasks to others. Limits of works hold over all machines.
//
// # Who may what
//
// Whoever may publish to <namespace>.r.> decides what the results of all calls are: that is the
// permission to protect. [Permissions] has the subjects for who only reads (Options.ReadOnly), who
// has calls executed by workers, who executes them, and who makes the streams. Use TLS where others
// are on the network, by tls:// and the options of the connection (Options.Connect), such as
// natsgo.UserCredentials and natsgo.RootCAs. Results and arguments are not encrypted in the store;
// package seal encrypts arguments on their way to workers. Secret arguments are never in records.
//
// # Backup and upgrade
//
// Command workgen-nats, in cmd/workgen-nats, lists executions, says why calls were executed, deletes
// results and so on, as workgen store does for stores on the disk. It also prints what [Permissions]
// returns, for the configuration of a server.
//
// "nats stream backup" and "restore" of each stream, -chunks last, while programs run: a result whose
// parts are missing then is a miss that is reported. Sequence numbers are tokens, so streams that
// were copied in another way, or made anew beside old programs, are not the same.
//
// Programs of different versions may use a namespace at once. One that is too old for what a later
// one has written says so. Servers are upgraded one at a time, as their documentation says.
package nats
