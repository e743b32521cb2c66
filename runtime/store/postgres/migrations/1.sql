-- The tables of a namespace, and the functions that change them. Programs read the tables, and
-- write by the functions only, which run with the rights of their owner: whoever has the rights
-- to execute them can do what package store allows, and nothing else.
--
-- Times are those of this server. Statuses are those of package store: 1 succeeded, 2 failed,
-- 3 evicted, 4 expired, 5 deleted, 6 unreadable, 7 running, 8 stopped, 9 given up, 10 lost.

-- One row for each of these scripts that has run. Programs that know version oldest, or a later
-- one, can use the tables.
CREATE TABLE version (
    version integer PRIMARY KEY,
    oldest integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The scopes of keys. The ids are hashes of what they stand for.
CREATE TABLE work (
    id bigint PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE scope (
    id bigint PRIMARY KEY,
    work bigint NOT NULL,
    schema text NOT NULL,
    code text NOT NULL,
    symbols text NOT NULL,
    build text NOT NULL,
    used timestamptz NOT NULL DEFAULT clock_timestamp() -- to the day
);

-- The history. While the newest execution of a key runs it is the lease of the key, and its seq
-- the token. Seq is the time at which it began, in microseconds since 1970, or a little more.
CREATE TABLE execution (
    seq bigint PRIMARY KEY,
    key bytea NOT NULL,
    work bigint NOT NULL,
    scope bigint NOT NULL,
    status smallint NOT NULL,
    holder bigint NOT NULL,  -- the handle that began it
    nonce bigint NOT NULL,
    started timestamptz NOT NULL,
    finished timestamptz,
    expires timestamptz,     -- the lease while it runs, then the result
    retry timestamptz,
    gone timestamptz,
    used timestamptz,
    hits bigint NOT NULL DEFAULT 0,
    size bigint NOT NULL DEFAULT 0,
    stored bigint NOT NULL DEFAULT 0, -- bytes that the result takes, compressed
    error bytea NOT NULL DEFAULT '',
    text bytea NOT NULL,     -- what is shown of the arguments
    record bytea NOT NULL,   -- the rest
    writer name NOT NULL DEFAULT session_user, -- who began it
    ender name               -- who ended it; null: nobody
);
CREATE INDEX execution_key ON execution (key, seq DESC);
CREATE INDEX execution_work ON execution (work, seq DESC) INCLUDE (status);
CREATE INDEX execution_status ON execution (status, seq DESC) INCLUDE (stored);
CREATE INDEX execution_expires ON execution (expires) WHERE status = 1 AND expires IS NOT NULL;
CREATE INDEX execution_holder ON execution (holder) WHERE status = 7;

-- The results of the executions that have status 1. Those that are large are in chunks.
CREATE TABLE result (
    seq bigint PRIMARY KEY,
    form smallint NOT NULL,
    sum bytea NOT NULL,
    data bytea NOT NULL
);
ALTER TABLE result ALTER data SET STORAGE EXTERNAL; -- it is compressed, if that is worth it
CREATE TABLE chunk (
    seq bigint NOT NULL,
    upload bigint NOT NULL, -- random: who ends an execution again begins with chunks of its own
    n integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (seq, upload, n)
);
ALTER TABLE chunk ALTER data SET STORAGE EXTERNAL;

CREATE TABLE mark (
    name text PRIMARY KEY,
    version bigint NOT NULL,
    value bytea NOT NULL,
    writer name NOT NULL DEFAULT session_user
);

-- The keys that were deleted lately, without gaps.
CREATE TABLE deleted (
    seq bigint PRIMARY KEY,
    key bytea NOT NULL
);

-- One row: by how much a token was later than the start of its execution at most, in
-- microseconds, and when garbage was collected last.
CREATE TABLE state (
    id integer PRIMARY KEY,
    lag bigint NOT NULL,
    collected timestamptz NOT NULL,
    bounded timestamptz NOT NULL
);
INSERT INTO state VALUES (1, 60000000, '-infinity', '-infinity');

CREATE FUNCTION has_expired(finished timestamptz, expires timestamptz, now timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT expires IS NOT NULL AND (expires <= now OR finished > now + interval '1 second')
$$;

CREATE FUNCTION micros(t timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT (extract(epoch FROM t) * 1000000)::bigint
$$;

-- go drops the results of executions, and notes how they went.
CREATE FUNCTION go(p_seqs bigint[], p_how smallint, p_why bytea) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    n integer;
BEGIN
    UPDATE execution SET status = p_how, gone = clock_timestamp(), error = coalesce(p_why, error)
        WHERE seq = ANY(p_seqs) AND status = 1;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n > 0 THEN
        DELETE FROM result r WHERE seq = ANY(p_seqs) AND NOT EXISTS (SELECT FROM execution e WHERE e.seq = r.seq AND e.status = 1);
        DELETE FROM chunk c WHERE seq = ANY(p_seqs) AND NOT EXISTS (SELECT FROM execution e WHERE e.seq = c.seq AND e.status IN (1, 7));
    END IF;
    RETURN n;
END $$;

-- is_trusted tells whether what somebody has written is believed, by those who trust some.
CREATE FUNCTION is_trusted(writer name, ender name, trust text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT trust IS NULL OR coalesce(ender, writer)::text = ANY(trust)
$$;

-- add_scope keeps the scope of keys, if it is not there.
CREATE FUNCTION add_scope(p_scope bigint, p_work bigint, p_name text, p_schema text, p_code text, p_symbols text, p_build text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO work VALUES (p_work, p_name) ON CONFLICT DO NOTHING;
    INSERT INTO scope AS s VALUES (p_scope, p_work, p_schema, p_code, p_symbols, p_build)
        ON CONFLICT (id) DO UPDATE SET used = clock_timestamp() WHERE s.used < clock_timestamp() - interval '1 day';
END $$;

-- begin_execution gives the lease of a key. Outcome is 0: it was given; 1: there is a result;
-- 2: another one has it, until then. What was written by others than p_trust, if that is not null,
-- is no result and no lease.
--
-- The lock comes first, and each statement after it sees what was committed before that
-- statement: with one for both, who waited for the lock would not see what it waited for.
CREATE FUNCTION begin_execution(
    p_lock bigint, p_key bytea, p_work bigint, p_scope bigint, p_holder bigint, p_nonce bigint,
    p_lease interval, p_started timestamptz, p_text bytea, p_record bytea,
    p_trust text[],
    OUT outcome integer, OUT token bigint, OUT until timestamptz, OUT at timestamptz, OUT origin bytea
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    x record;
BEGIN
    PERFORM pg_advisory_xact_lock(p_lock);
    LOOP
        SELECT e.seq, e.status, e.finished, e.expires, e.nonce, e.record INTO x
            FROM execution e WHERE e.key = p_key AND is_trusted(e.writer, e.ender, p_trust) ORDER BY e.seq DESC LIMIT 1;
        at := clock_timestamp();
        IF x.status = 1 THEN
            IF has_expired(x.finished, x.expires, at) THEN
                PERFORM go(ARRAY[x.seq], 4::smallint, NULL);
            ELSIF EXISTS (SELECT FROM result r WHERE r.seq = x.seq) THEN
                outcome := 1;
                RETURN;
            ELSE
                PERFORM go(ARRAY[x.seq], 6::smallint, 'the database lost it');
            END IF;
        ELSIF x.status = 7 AND x.expires > at THEN
            token := x.seq;
            until := x.expires;
            origin := x.record;
            outcome := CASE WHEN p_nonce <> 0 AND x.nonce = p_nonce THEN 0 ELSE 2 END;
            RETURN;
        ELSIF x.status = 7 THEN
            UPDATE execution e SET status = 10, finished = e.expires, expires = NULL, error = 'its lease has expired'
                WHERE e.seq = x.seq AND e.status = 7 AND e.expires <= at;
            CONTINUE WHEN NOT FOUND; -- it was renewed, or has ended
        END IF;
        EXIT;
    END LOOP;
    IF p_trust IS NOT NULL THEN
        PERFORM go(array_agg(e.seq), 5::smallint, 'who has written it is not trusted')
            FROM execution e WHERE e.key = p_key AND e.status = 1;
        UPDATE execution e SET status = 10, finished = at, expires = NULL, error = 'who has begun it is not trusted'
            WHERE e.key = p_key AND e.status = 7;
    END IF;
    p_started := least(coalesce(p_started, at), at);
    -- Others who begin at the same time get other tokens, so that none waits for another's commit.
    token := greatest((micros(at) + 63) / 64 * 64 + pg_backend_pid() % 64,
        1 + (SELECT e.seq FROM execution e WHERE e.key = p_key ORDER BY e.seq DESC LIMIT 1));
    until := at + p_lease;
    outcome := 0;
    LOOP
        INSERT INTO execution (seq, key, work, scope, status, holder, nonce, started, expires, text, record)
            VALUES (token, p_key, p_work, p_scope, 7, p_holder, p_nonce, p_started, until, p_text, p_record)
            ON CONFLICT (seq) DO NOTHING;
        EXIT WHEN FOUND;
        token := token + 64;
    END LOOP;
END $$;

-- begin_executions does that for several keys, in order, which is the same for all who lock several.
CREATE FUNCTION begin_executions(
    p_holder bigint, p_lease interval, p_trust text[],
    p_locks bigint[], p_keys bytea[], p_works bigint[], p_scopes bigint[], p_nonces bigint[],
    p_started timestamptz[], p_texts bytea[], p_records bytea[]
) RETURNS TABLE (outcome integer, token bigint, until timestamptz, at timestamptz, origin bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    x record;
    behind bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'default_transaction_isolation is %: workgen needs "read committed"', current_setting('transaction_isolation');
    END IF;
    -- The half of a minute is for what is waited for.
    SELECT micros(clock_timestamp()) - micros(min(t)) + 30000000 INTO behind FROM unnest(p_started) AS t;
    IF behind > 60000000 THEN
        UPDATE state SET lag = (2 ^ ceil(log(2, behind::numeric)))::bigint WHERE id = 1 AND lag < behind;
    END IF;
    FOR x IN SELECT * FROM unnest(p_locks, p_keys, p_works, p_scopes, p_nonces, p_started, p_texts, p_records)
            AS a(lock, key, work, scope, nonce, started, text, record) LOOP
        SELECT b.* INTO outcome, token, until, at, origin
            FROM begin_execution(x.lock, x.key, x.work, x.scope, p_holder, x.nonce, p_lease, x.started, x.text, x.record, p_trust) AS b;
        RETURN NEXT;
    END LOOP;
END $$;

-- renew_execution puts a lease off. Until is null when it is lost.
CREATE FUNCTION renew_execution(
    p_key bytea, p_seq bigint, p_lease interval, p_text bytea, p_record bytea,
    OUT until timestamptz, OUT at timestamptz
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    at := clock_timestamp();
    UPDATE execution SET expires = clock_timestamp() + p_lease, text = p_text, record = p_record
        WHERE seq = p_seq AND key = p_key AND status = 7 RETURNING expires INTO until;
END $$;

-- end_execution returns 0 when an execution ends now, otherwise the status that it has ended with,
-- and null when there is none.
CREATE FUNCTION end_execution(
    p_key bytea, p_seq bigint, p_status smallint, p_finished timestamptz, p_expires timestamptz, p_retry timestamptz,
    p_error bytea, p_text bytea, p_record bytea, p_size bigint, p_stored bigint, p_form smallint, p_sum bytea, p_data bytea
) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF p_status NOT IN (1, 2, 8, 9) THEN
        RAISE EXCEPTION 'status % is no end of an execution', p_status;
    END IF;
    UPDATE execution SET status = p_status, finished = p_finished, expires = p_expires, retry = p_retry,
            used = clock_timestamp(), size = p_size, stored = p_stored, error = p_error, text = p_text, record = p_record, ender = session_user
        WHERE seq = p_seq AND key = p_key AND status = 7;
    IF NOT FOUND THEN
        RETURN (SELECT status FROM execution WHERE seq = p_seq AND key = p_key);
    END IF;
    IF p_status = 1 THEN
        INSERT INTO result (seq, form, sum, data) VALUES (p_seq, p_form, p_sum, p_data);
    END IF;
    RETURN 0;
END $$;

-- end_executions does that for several, in the order of their keys, and returns what became of each.
CREATE FUNCTION end_executions(
    p_keys bytea[], p_seqs bigint[], p_statuses smallint[], p_finished timestamptz[], p_expires timestamptz[], p_retries timestamptz[],
    p_errors bytea[], p_texts bytea[], p_records bytea[], p_sizes bigint[], p_stored bigint[], p_forms smallint[], p_sums bytea[], p_data bytea[]
) RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    x record;
BEGIN
    FOR x IN SELECT * FROM unnest(p_keys, p_seqs, p_statuses, p_finished, p_expires, p_retries,
                p_errors, p_texts, p_records, p_sizes, p_stored, p_forms, p_sums, p_data)
            AS a(key, seq, status, finished, expires, retry, error, text, record, size, stored, form, sum, data) LOOP
        RETURN NEXT end_execution(x.key, x.seq, x.status, x.finished, x.expires, x.retry,
            x.error, x.text, x.record, x.size, x.stored, x.form, x.sum, x.data);
    END LOOP;
END $$;

-- put_chunk keeps a part of a result while its execution runs, and tells whether it does.
CREATE FUNCTION put_chunk(p_key bytea, p_seq bigint, p_upload bigint, p_n integer, p_data bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO chunk SELECT p_seq, p_upload, p_n, p_data
        WHERE EXISTS (SELECT FROM execution WHERE seq = p_seq AND key = p_key AND status = 7);
    RETURN FOUND;
END $$;

-- delete_calls returns how many calls had a result or were leased. One at a time deletes, so that
-- what is told of it has no gaps.
CREATE FUNCTION delete_calls(p_lock bigint, p_keys bytea[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    k bytea;
    x record;
    now timestamptz;
    n integer := 0;
    last bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(p_lock);
    SELECT coalesce(max(seq), 0) INTO last FROM deleted;
    FOREACH k IN ARRAY p_keys LOOP
        SELECT e.seq, e.status, e.finished, e.expires INTO x
            FROM execution e WHERE e.key = k ORDER BY e.seq DESC LIMIT 1 FOR UPDATE;
        now := clock_timestamp();
        IF x.status = 1 AND has_expired(x.finished, x.expires, now) THEN
            PERFORM go(ARRAY[x.seq], 4::smallint, NULL);
        ELSIF x.status = 1 THEN
            n := n + go(ARRAY[x.seq], 5::smallint, NULL);
        ELSIF x.status = 7 THEN
            UPDATE execution SET status = 10, finished = least(expires, now), expires = NULL, gone = now,
                    error = CASE WHEN expires <= now THEN 'its lease has expired' ELSE 'the call was deleted' END::bytea
                WHERE seq = x.seq;
            IF x.expires > now THEN
                n := n + 1;
            END IF;
        ELSE
            UPDATE execution SET gone = now WHERE seq = x.seq AND gone IS NULL;
        END IF;
        last := last + 1;
        INSERT INTO deleted VALUES (last, k);
    END LOOP;
    DELETE FROM deleted WHERE seq <= last - 10000;
    RETURN n;
END $$;

-- discard_result drops a result that is of no use.
CREATE FUNCTION discard_result(p_key bytea, p_seq bigint, p_how smallint, p_why bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF p_how NOT IN (3, 4, 5, 6) THEN
        RAISE EXCEPTION 'status % is not of a result that has gone', p_how;
    END IF;
    RETURN EXISTS (SELECT FROM execution WHERE seq = p_seq AND key = p_key)
        AND go(ARRAY[p_seq], p_how, nullif(p_why, '')) > 0;
END $$;

-- release_executions ends the executions of a handle that closes, and returns their keys.
CREATE FUNCTION release_executions(p_holder bigint) RETURNS SETOF bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    RETURN QUERY
        UPDATE execution e SET status = 8, finished = clock_timestamp(), expires = NULL
        FROM (SELECT seq FROM execution WHERE holder = p_holder AND status = 7 ORDER BY seq FOR UPDATE SKIP LOCKED) AS mine
        WHERE e.seq = mine.seq RETURNING e.key;
END $$;

-- set_mark returns the new version, null when the mark has changed.
CREATE FUNCTION set_mark(p_name text, p_version bigint, p_value bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    v bigint := greatest(p_version + 1, micros(clock_timestamp()));
BEGIN
    IF p_version = 0 THEN
        INSERT INTO mark (name, version, value) VALUES (p_name, v, p_value) ON CONFLICT DO NOTHING;
    ELSE
        UPDATE mark SET version = v, value = p_value, writer = session_user WHERE name = p_name AND version = p_version;
    END IF;
    RETURN CASE WHEN FOUND THEN v END;
END $$;

-- count_hits notes how often results were got. Those that somebody changes now are left out.
CREATE FUNCTION count_hits(p_seqs bigint[], p_hits bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE execution e SET used = clock_timestamp(), hits = e.hits + h.n
        FROM (
            SELECT x.seq, c.n FROM unnest(p_seqs, p_hits) AS c(seq, n) JOIN execution x USING (seq)
            WHERE x.status = 1 FOR UPDATE OF x SKIP LOCKED
        ) AS h
        WHERE e.seq = h.seq;
END $$;

-- due tells whether garbage is to be collected, and whether the history is to be bounded, which
-- are noted then, so that one process does it.
CREATE FUNCTION due(p_collect interval, p_bound interval, OUT collect boolean, OUT bound boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE state SET collected = clock_timestamp() WHERE id = 1 AND collected <= clock_timestamp() - p_collect;
    collect := FOUND;
    UPDATE state SET bounded = clock_timestamp() WHERE id = 1 AND bounded <= clock_timestamp() - p_bound;
    bound := FOUND;
END $$;

-- drop_expired drops some results that have expired, or are older than p_age, and returns how
-- many; -1 when somebody else collects.
CREATE FUNCTION drop_expired(p_lock bigint, p_age interval, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    now timestamptz := clock_timestamp();
    seqs bigint[];
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF NOT pg_try_advisory_xact_lock(p_lock) THEN
        RETURN -1;
    END IF;
    SELECT array_agg(seq) INTO seqs FROM (
        SELECT seq FROM execution WHERE status = 1 AND expires IS NOT NULL AND expires <= now
        ORDER BY expires LIMIT p_limit FOR UPDATE SKIP LOCKED) AS x;
    IF seqs IS NULL AND p_age IS NOT NULL THEN
        SELECT array_agg(seq) INTO seqs FROM (
            SELECT seq FROM execution WHERE status = 1 AND seq <= micros(now - p_age) AND finished <= now - p_age
            ORDER BY seq LIMIT p_limit FOR UPDATE SKIP LOCKED) AS x;
    END IF;
    RETURN CASE WHEN seqs IS NULL THEN 0 ELSE go(seqs, 4::smallint, NULL) END;
END $$;

-- evict_results drops results, to make room, and returns how many; -1 when somebody else collects.
CREATE FUNCTION evict_results(p_lock bigint, p_seqs bigint[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    seqs bigint[];
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF NOT pg_try_advisory_xact_lock(p_lock) THEN
        RETURN -1;
    END IF;
    SELECT array_agg(seq) INTO seqs FROM (
        SELECT seq FROM execution WHERE seq = ANY(p_seqs) AND status = 1 ORDER BY seq FOR UPDATE SKIP LOCKED) AS x;
    RETURN CASE WHEN seqs IS NULL THEN 0 ELSE go(seqs, 3::smallint, NULL) END;
END $$;

-- forget_records drops records of the history that are neither results nor leases, and returns how
-- many; -1 when somebody else collects.
CREATE FUNCTION forget_records(p_lock bigint, p_seqs bigint[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    n integer;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF NOT pg_try_advisory_xact_lock(p_lock) THEN
        RETURN -1;
    END IF;
    DELETE FROM execution WHERE seq = ANY(p_seqs) AND status NOT IN (1, 7);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- forget_scopes drops scopes of which there are no executions any more.
CREATE FUNCTION forget_scopes(p_lock bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    n integer;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF NOT pg_try_advisory_xact_lock(p_lock) THEN
        RETURN -1;
    END IF;
    DELETE FROM scope s WHERE used < clock_timestamp() - interval '7 days' AND NOT EXISTS (SELECT FROM execution e WHERE e.scope = s.id);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- lookup_calls looks up calls, by their place in the question. Of one that has a result it returns
-- a row with that, and of its execution little; of another one the newest execution, and the newest
-- that has ended and was not stopped.
CREATE FUNCTION lookup_calls(p_keys bytea[], p_trust text[]) RETURNS TABLE (
    i bigint, at timestamptz, live boolean, form smallint, sum bytea, data bytea,
    seq bigint, key bytea, scope bigint, status smallint, nonce bigint, hits bigint, size bigint,
    started timestamptz, finished timestamptz, expires timestamptz, retry timestamptz, gone timestamptz, used timestamptz,
    error bytea, text bytea, record bytea, writer name
)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan SET work_mem = '64MB' AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT a.i, statement_timestamp(), n.live, coalesce(r.form, -1::smallint), r.sum, r.data,
            coalesce(e.seq, n.seq), a.key, coalesce(e.scope, 0), coalesce(e.status, n.status), coalesce(e.nonce, 0),
            coalesce(e.hits, 0), coalesce(e.size, n.size), e.started,
            CASE WHEN n.live THEN n.finished ELSE e.finished END, CASE WHEN n.live THEN n.expires ELSE e.expires END,
            e.retry, e.gone, e.used, e.error, e.text, e.record, coalesce(e.ender, e.writer)
        FROM unnest(p_keys) WITH ORDINALITY AS a(key, i)
        CROSS JOIN LATERAL (
            SELECT x.seq, x.status, x.finished, x.expires, x.size,
                x.status = 1 AND has_expired(x.finished, x.expires, statement_timestamp()) IS NOT TRUE AS live
            FROM execution x WHERE x.key = a.key AND is_trusted(x.writer, x.ender, p_trust) ORDER BY x.seq DESC LIMIT 1) AS n
        LEFT JOIN result AS r ON n.live AND r.seq = n.seq
        LEFT JOIN LATERAL (
            SELECT x.seq FROM execution x WHERE NOT n.live AND x.key = a.key AND is_trusted(x.writer, x.ender, p_trust)
                AND x.status <> 7 AND (x.status <> 8 OR x.gone IS NOT NULL)
            ORDER BY x.seq DESC LIMIT 1) AS l ON true
        LEFT JOIN execution AS e ON NOT n.live AND e.seq = ANY(ARRAY[n.seq, l.seq]);
END $$;

-- watch_calls returns the state of calls. A lease that has expired is another state, and so is what
-- was deleted.
CREATE FUNCTION watch_calls(p_keys bytea[]) RETURNS TABLE (i bigint, seq bigint, state integer)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        SELECT a.i, n.seq, n.state
        FROM unnest(p_keys) WITH ORDINALITY AS a(key, i)
        CROSS JOIN LATERAL (
            SELECT x.seq, x.status + CASE WHEN x.gone IS NULL THEN 0 ELSE 100 END +
                CASE WHEN x.status = 7 AND x.expires <= statement_timestamp() THEN 1000 ELSE 0 END AS state
            FROM execution x WHERE x.key = a.key ORDER BY x.seq DESC LIMIT 1) AS n;
END $$;
