-- The queue to workers. It is a hint: what counts is in the table execution. A task that is lost
-- is pushed again by who waits for it, and one that is taken in vain is found finished.

-- One row for each call that somebody wants workers to execute.
CREATE TABLE task (
    key bytea PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY, -- the order in which they were pushed
    work text NOT NULL,
    route bytea NOT NULL,
    pool text NOT NULL,
    args bytea NOT NULL,
    most integer NOT NULL,              -- tasks of the work that are taken at once; 0: any number
    origin text NOT NULL,
    wanted bigint[] NOT NULL,           -- by callers
    queued timestamptz NOT NULL DEFAULT clock_timestamp(),
    state smallint NOT NULL DEFAULT 0,  -- 0 queued, 1 taken, 2 put off
    until timestamptz,                  -- then it is queued again, if it is not queued
    worker bigint,                      -- who has taken it
    taken integer NOT NULL DEFAULT 0,   -- how often it was
    writer name NOT NULL DEFAULT session_user -- who pushed it
);
ALTER TABLE task ALTER args SET STORAGE EXTENDED;
CREATE INDEX task_queued ON task (pool, route, seq) WHERE state = 0;
CREATE INDEX task_until ON task (until) WHERE state <> 0;
CREATE INDEX task_taken ON task (work) WHERE state = 1;
CREATE INDEX task_worker ON task (worker) WHERE state = 1;

-- Workers that have reported.
CREATE TABLE worker (
    id bigint PRIMARY KEY,
    origin text NOT NULL,
    pools text[] NOT NULL,
    slots integer NOT NULL,
    busy integer NOT NULL,
    works text[] NOT NULL,
    routes bytea[] NOT NULL,
    seen timestamptz NOT NULL,
    writer name NOT NULL DEFAULT session_user
);

-- push_task tells whether there was no such task, so that it is queued now.
CREATE FUNCTION push_task(
    p_key bytea, p_work text, p_route bytea, p_pool text, p_args bytea, p_most integer, p_origin text, p_caller bigint
) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM task WHERE key = p_key AND p_caller = ANY(wanted);
    IF FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO task (key, work, route, pool, args, most, origin, wanted)
        VALUES (p_key, p_work, p_route, p_pool, p_args, p_most, p_origin, ARRAY[p_caller])
        ON CONFLICT (key) DO NOTHING;
    IF FOUND THEN
        RETURN true;
    END IF;
    UPDATE task SET wanted = array_append(wanted, p_caller) WHERE key = p_key AND NOT p_caller = ANY(wanted);
    RETURN false;
END $$;

-- withdraw_task drops a task that nobody wants any more, unless a worker has it.
CREATE FUNCTION withdraw_task(p_key bytea, p_caller bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE task SET wanted = array_remove(wanted, p_caller) WHERE key = p_key;
    DELETE FROM task WHERE key = p_key AND wanted = '{}' AND state <> 1;
END $$;

-- free_tasks queues those again whose time has come: they were put off, or their workers do not
-- report. Those that nobody wants go.
CREATE FUNCTION free_tasks() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    keys bytea[];
BEGIN
    SELECT array_agg(key) INTO keys FROM (
        SELECT key FROM task WHERE state <> 0 AND until <= clock_timestamp() LIMIT 100 FOR UPDATE SKIP LOCKED) AS x;
    IF keys IS NOT NULL THEN
        DELETE FROM task WHERE key = ANY(keys) AND wanted = '{}';
        UPDATE task SET state = 0, worker = NULL, until = NULL WHERE key = ANY(keys);
    END IF;
END $$;

-- take_task takes the oldest task of the first of the pools that has one of the routes, and
-- returns nothing when there is none. p_lease is for how long the worker has it, unless it reports.
CREATE FUNCTION take_task(p_worker bigint, p_pools text[], p_routes bytea[], p_lease interval)
RETURNS TABLE (key bytea, work text, route bytea, pool text, args bytea, most integer, origin text, queued timestamptz, taken integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    p text;
    x record;
    full_works text[] := '{}';
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM free_tasks();
    FOREACH p IN ARRAY p_pools LOOP
        LOOP
            SELECT t.key, t.work, t.most INTO x
                FROM unnest(p_routes) AS r(route) CROSS JOIN LATERAL (
                    SELECT o.key, o.work, o.most, o.seq FROM task o
                    WHERE o.pool = p AND o.route = r.route AND o.state = 0 AND o.work <> ALL(full_works)
                    ORDER BY o.seq LIMIT 1 FOR UPDATE SKIP LOCKED) AS t
                ORDER BY t.seq LIMIT 1;
            EXIT WHEN x.key IS NULL;
            IF x.most > 0 THEN
                -- Those who take tasks of the work do so one after the other, and the next statement
                -- sees what the one before has taken.
                PERFORM pg_advisory_xact_lock(hashtextextended(x.work, 7));
                IF (SELECT count(*) FROM task o WHERE o.work = x.work AND o.state = 1) >= x.most THEN
                    full_works := array_append(full_works, x.work);
                    CONTINUE;
                END IF;
            END IF;
            RETURN QUERY UPDATE task o SET state = 1, worker = p_worker, until = clock_timestamp() + p_lease, taken = o.taken + 1
                WHERE o.key = x.key
                RETURNING o.key, o.work, o.route, o.pool, o.args, o.most, o.origin, o.queued, o.taken;
            RETURN;
        END LOOP;
    END LOOP;
END $$;

-- report_worker notes that a worker is there, and has these tasks still. It returns those of them
-- that nobody wants.
CREATE FUNCTION report_worker(
    p_worker bigint, p_origin text, p_pools text[], p_slots integer, p_busy integer, p_works text[], p_routes bytea[],
    p_keys bytea[], p_lease interval
) RETURNS SETOF bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO worker (id, origin, pools, slots, busy, works, routes, seen)
        VALUES (p_worker, p_origin, p_pools, p_slots, p_busy, p_works, p_routes, clock_timestamp())
        ON CONFLICT (id) DO UPDATE SET busy = p_busy, seen = clock_timestamp();
    DELETE FROM worker WHERE seen < clock_timestamp() - interval '1 hour';
    UPDATE task SET until = clock_timestamp() + p_lease
        FROM (SELECT t.key FROM task t WHERE t.worker = p_worker AND t.state = 1 AND t.key = ANY(p_keys) ORDER BY t.key FOR UPDATE) AS mine
        WHERE task.key = mine.key;
    RETURN QUERY SELECT k FROM unnest(p_keys) AS k WHERE NOT EXISTS (
        SELECT FROM task t WHERE t.key = k AND t.wanted <> '{}');
END $$;

-- done_task drops a task that a worker has, and tells whether that may make room under a limit.
CREATE FUNCTION done_task(p_worker bigint, p_key bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    m integer;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    DELETE FROM task WHERE key = p_key AND worker = p_worker AND state = 1 RETURNING most INTO m;
    RETURN coalesce(m > 0, false);
END $$;

-- put_off_task gives a task back that a worker has, or drops it if nobody wants it.
CREATE FUNCTION put_off_task(p_worker bigint, p_key bytea, p_wait interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE task SET state = CASE WHEN p_wait > interval '0' THEN 2 ELSE 0 END, worker = NULL,
            until = CASE WHEN p_wait > interval '0' THEN clock_timestamp() + p_wait END
        WHERE key = p_key AND worker = p_worker AND state = 1;
    IF FOUND THEN
        DELETE FROM task WHERE key = p_key AND state <> 1 AND wanted = '{}';
    END IF;
END $$;

-- leave_worker forgets a worker, and gives its tasks back.
CREATE FUNCTION leave_worker(p_worker bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    DELETE FROM worker WHERE id = p_worker;
    UPDATE task SET state = 0, worker = NULL, until = NULL WHERE worker = p_worker AND state = 1;
    DELETE FROM task WHERE state = 0 AND wanted = '{}';
END $$;
