// Package postgres is the store for many machines, in a PostgreSQL database of version 12 or
// later: processes that make the same calls execute each once, and all get its result.
//
//	results, err := postgres.Open(ctx, postgres.Options{URL: "postgres://…", Namespace: "sales"})
//
// What is promised, beyond what package store says:
//
//   - A result that was put survives the death of any process, and a crash of the server,
//     unless [Options.Relaxed] is set or the server is configured to forget
//     (synchronous_commit=off, fsync=off). It survives the loss of the server if a standby is
//     synchronous; if one is promoted that lagged behind, the last results are gone, and
//     their calls execute again. Tokens grow even then. A synchronous standby lags behind, too, if
//     it does not answer for longer than calls wait (runtime.StoreTimeout): PostgreSQL ends the wait of a
//     commit that is cancelled, and shows it to everybody. Do not promote one that was cut off.
//   - A machine that dies holds the leases of its calls until they expire, which is
//     [Options.Lease] after they were renewed last.
//   - Times are the server's. A machine with a wrong clock neither loses leases nor takes those of
//     others.
//   - Those who wait for a call of another machine are woken within milliseconds by LISTEN and
//     NOTIFY, and within two seconds where that gets lost or does not work.
//   - Looking a call up, beginning an execution, renewing its lease and ending it are one
//     round trip each. Calls that are looked up at the same time are looked up together.
//   - A result that was damaged is a *store.CorruptError, once: all bytes are under a
//     checksum.
//   - The history has a record of each execution, within [Options.History] and
//     [Options.HistoryAge]. An execution whose machine died is lost, and is shown as that
//     once its lease has expired.
//   - Different versions of programs can use the same tables. Those that cannot are refused when
//     they open it, with a [*VersionError].
//
// # Tables
//
// A namespace is a schema of the database, and made by the first program that opens it, or
// with [Migrate] or [Schema] by somebody who may. Programs read the tables, and write by the
// functions that come with them. Whoever has made the tables owns them, and brings them to later
// versions. Back a namespace up as any schema (pg_dump -n): what is restored is a store as it was
// then, and calls whose results are younger execute again.
//
// Programs of versions before 3 of the tables see no result beside an execution Again, and execute the
// call themselves when that has failed. Whoever was granted rights before is granted those of
// version 3 by [Grants], once more.
//
// Results of up to 256 KiB, compressed, are one row, and larger ones are in rows of 256 KiB each.
// A record of the history takes about a kilobyte with its indexes. Expired results are dropped every
// minute, by one process at a time; the space is used again once PostgreSQL has vacuumed, as it
// does by itself. There is no bound on the size of all results unless [Options.MaxBytes] is
// set.
//
// # Rights and trust
//
// Who can write results decides what all others get. [Grants] returns the SQL for three sets of
// rights: who reads, who has workers execute calls, and who executes them. Each row says which user
// of the database wrote it, which is shown in the history, and [Options.Trust] says whom a
// program believes. Users with the rights of a [Worker] may still delete the results of others, and
// take calls from the queue: where that matters, use a namespace for each.
//
// Results, arguments and errors are stored as they are. TLS and credentials are what the URL says:
// use sslmode=verify-full where the network is not yours.
//
// # Looking into a store
//
// Command workgen-postgres, in cmd/workgen-postgres, lists executions, says why calls were executed,
// deletes results and so on, as workgen store does for stores on the disk. It also prints the SQL of
// [Schema] and [Grants], and executes [Migrate].
//
// # Connections
//
// A Store uses the pool of [Options.Pool], or one of its own with pool_max_conns of the URL, which is
// 4 by default or the number of processors, and one more connection that listens. Four are enough
// for hundreds of calls at once. The default isolation level must be "read committed", as it is.
//
// Behind a pooler that pools transactions, such as pgbouncer, add default_query_exec_mode=exec to the
// URL. Through it no notification comes, which is said once in the log: who waits for a call
// of another machine looks every second.
package postgres
