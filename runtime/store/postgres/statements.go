package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// statements are what a Store asks for, with the name of its schema.
type statements struct {
	lookup, older, arguments, addScope, begin, renew, end, putChunk, chunk            string
	delete, deleted, lastDeleted, discard, release                                    string
	mark, setMark, hits, scope, watch, notify                                         string
	due, dropExpired, forget, forgetScopes, old, many, surplus, evict, stored, unused string
	works, usage, check, lag, version                                                 string

	push, isTask, countTasks, withdraw, take, report, done, putOff, leave, workers, lengths string
}

func newStatements(ns string) statements {
	in := func(sql string) string { return strings.ReplaceAll(sql, "@.", ns+".") }
	return statements{
		lookup:    in(lookupSQL),
		older:     in(olderSQL),
		arguments: in(`SELECT key, data FROM @.arguments WHERE key = ANY($1)`),
		begin:     in(`SELECT outcome, token, until, at, origin FROM @.start_executions($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`),
		addScope:  in(`SELECT @.add_scope($1, $2, $3, $4, $5, $6, $7)`),
		renew:     in(`SELECT * FROM @.renew_execution($1, $2, $3, $4, $5)`),
		end:       in(`SELECT @.finish_executions($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`),
		putChunk:  in(`SELECT @.put_chunk($1, $2, $3, $4, $5)`),
		chunk:     in(`SELECT data FROM @.chunk WHERE seq = $1 AND upload = $2 AND n = $3`),

		delete:      in(`SELECT @.delete_calls($1, $2)`),
		deleted:     in(`SELECT seq, key FROM @.deleted WHERE seq > $1 OR seq = (SELECT max(seq) FROM @.deleted) ORDER BY seq`),
		lastDeleted: in(`SELECT coalesce(max(seq), 0) FROM @.deleted`),
		discard:     in(`SELECT @.discard_result($1, $2, $3, $4)`),
		release:     in(`SELECT @.release_executions($1)`),

		mark:    in(`SELECT version, value FROM @.mark WHERE name = $1`),
		setMark: in(`SELECT @.set_mark($1, $2, $3)`),
		hits:    in(`SELECT @.count_hits($1, $2)`),
		scope:   in(`SELECT s.id, w.name, s.schema, s.code, s.symbols, s.build FROM @.scope s JOIN @.work w ON w.id = s.work WHERE s.id = ANY($1)`),
		watch:   in(`SELECT i, seq, state FROM @.watch_calls($1)`),
		notify:  `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, p) FROM unnest($2::text[]) AS p`,

		due:          in(`SELECT * FROM @.due($1, $2)`),
		dropExpired:  in(`SELECT @.drop_expired($1, $2, $3)`),
		forget:       in(`SELECT @.forget_records($1, $2)`),
		forgetScopes: in(`SELECT @.forget_scopes($1)`),
		old:          in(oldSQL),
		evict:        in(`SELECT @.evict_results($1, $2)`),
		stored:       in(`SELECT coalesce(sum(stored), 0)::bigint FROM @.execution WHERE status = 1`),
		unused:       in(`SELECT seq, stored FROM @.execution WHERE status = 1 ORDER BY used, seq LIMIT $1`),
		many:         in(`SELECT work, count(*) FROM @.execution GROUP BY work HAVING count(*) > $1`),
		surplus:      in(surplusSQL),

		push:       in(`SELECT @.push_task($1, $2, $3, $4, $5, $6, $7, $8)`),
		isTask:     in(`SELECT EXISTS (SELECT FROM @.task WHERE key = $1)`),
		countTasks: in(`SELECT count(*) FROM (SELECT FROM @.task LIMIT $1) AS t`),
		withdraw:   in(`SELECT @.withdraw_task($1, $2)`),
		take:       in(`SELECT * FROM @.take_task($1, $2, $3, $4)`),
		report:     in(`SELECT @.report_worker($1, $2, $3, $4, $5, $6, $7, $8, $9)`),
		done:       in(`SELECT @.done_task($1, $2)`),
		putOff:     in(`SELECT @.put_off_task($1, $2, $3)`),
		leave:      in(`SELECT @.leave_worker($1)`),
		workers:    in(`SELECT id, origin, pools, slots, busy, works, routes, seen FROM @.worker WHERE seen > clock_timestamp() - $1::interval ORDER BY origin COLLATE "C", id`),
		lengths: in(`SELECT pool, work, route, count(*) FILTER (WHERE state <> 1), count(*) FILTER (WHERE state = 1), min(queued) FILTER (WHERE state <> 1)
			FROM @.task GROUP BY pool, work, route ORDER BY pool COLLATE "C", work COLLATE "C", route`),

		works:   in(`SELECT name FROM @.work ORDER BY name COLLATE "C"`),
		usage:   in(usageSQL),
		check:   in(checkSQL),
		lag:     in(`SELECT lag FROM @.state WHERE id = 1`),
		version: in(`SELECT version, oldest FROM @.version ORDER BY version DESC LIMIT 1`),
	}
}

// row asks for one row.
func (s *Store) row(ctx context.Context, sql string, args []any, dest ...any) error {
	return s.failed(ctx, s.pool.QueryRow(ctx, sql, args...).Scan(dest...))
}

// failed makes the error of a Store of one of the driver's: that of the context if it has ended,
// and otherwise one that none of package store's is mistaken for. Those say that nobody knows
// whether it was done, or that the server refused.
func (s *Store) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := s.check(ctx); err != nil {
		return err
	}
	var refused *pgconn.PgError
	switch {
	case !errors.As(err, &refused):
	case refused.Code == diskFull:
		return fmt.Errorf("postgres: the disk of the server is full: %w: %w", syscall.ENOSPC, err)
	case refused.Code == noPermission:
		return fmt.Errorf("postgres: %w: grant it, see postgres.Grants, or open the store with Options.ReadOnly", err)
	case refused.Code == notPrepared || refused.Code == isPrepared:
		return fmt.Errorf("postgres: %w: behind a pooler that pools transactions, add default_query_exec_mode=exec to the URL", err)
	}
	return fmt.Errorf("postgres: %w", err)
}

// Codes of errors of the server.
const (
	diskFull     = "53100"
	noPermission = "42501"
	notPrepared  = "26000"
	isPrepared   = "42P05"
)
