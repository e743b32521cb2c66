-- Executions Again, which begin although there is a result: it stays until the execution has ended
-- with another one. Status 11 is of a result that was replaced so. The result of a call is that of its
-- newest execution with status 1, unless a later one is gone. Programs of older versions see no result
-- beside an execution Again, and execute the call themselves when that has failed.

-- The arguments of calls, so that they can be executed again.
CREATE TABLE arguments (
    key bytea PRIMARY KEY,
    data bytea NOT NULL
);

-- start_execution is begin_execution for executions that may be Again.
CREATE FUNCTION start_execution(
    p_lock bigint, p_key bytea, p_work bigint, p_scope bigint, p_holder bigint, p_nonce bigint,
    p_lease interval, p_started timestamptz, p_text bytea, p_record bytea, p_again boolean, p_arguments bytea,
    p_trust text[],
    OUT outcome integer, OUT token bigint, OUT until timestamptz, OUT at timestamptz, OUT origin bytea
)
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    x record;
    r record;
BEGIN
    PERFORM pg_advisory_xact_lock(p_lock);
    LOOP
        SELECT e.seq, e.status, e.finished, e.expires, e.nonce, e.record INTO x
            FROM execution e WHERE e.key = p_key AND is_trusted(e.writer, e.ender, p_trust) ORDER BY e.seq DESC LIMIT 1;
        at := clock_timestamp();
        EXIT WHEN x.seq IS NULL;
        SELECT e.seq, e.status, e.finished, e.expires INTO r
            FROM execution e WHERE e.key = p_key AND (e.status = 1 OR e.gone IS NOT NULL) AND is_trusted(e.writer, e.ender, p_trust)
            ORDER BY e.seq DESC LIMIT 1;
        IF r.status = 1 THEN
            IF has_expired(r.finished, r.expires, at) THEN
                PERFORM go(ARRAY[r.seq], 4::smallint, NULL);
            ELSIF NOT EXISTS (SELECT FROM result d WHERE d.seq = r.seq) THEN
                PERFORM go(ARRAY[r.seq], 6::smallint, 'the database lost it');
            ELSIF NOT p_again THEN
                outcome := 1;
                RETURN;
            END IF;
        END IF;
        IF x.status = 7 AND x.expires > at THEN
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
            FROM execution e WHERE e.key = p_key AND e.status = 1 AND NOT is_trusted(e.writer, e.ender, p_trust);
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
    IF p_arguments IS NOT NULL THEN
        INSERT INTO arguments VALUES (p_key, p_arguments) ON CONFLICT DO NOTHING;
    END IF;
END $$;

-- start_executions does that for several keys, in order, which is the same for all who lock several.
CREATE FUNCTION start_executions(
    p_holder bigint, p_lease interval, p_trust text[],
    p_locks bigint[], p_keys bytea[], p_works bigint[], p_scopes bigint[], p_nonces bigint[],
    p_started timestamptz[], p_texts bytea[], p_records bytea[], p_agains boolean[], p_arguments bytea[]
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
    FOR x IN SELECT * FROM unnest(p_locks, p_keys, p_works, p_scopes, p_nonces, p_started, p_texts, p_records, p_agains, p_arguments)
            AS a(lock, key, work, scope, nonce, started, text, record, again, arguments) LOOP
        SELECT b.* INTO outcome, token, until, at, origin
            FROM start_execution(x.lock, x.key, x.work, x.scope, p_holder, x.nonce, p_lease, x.started, x.text, x.record,
                x.again, x.arguments, p_trust) AS b;
        RETURN NEXT;
    END LOOP;
END $$;

-- finish_executions is end_executions for executions of which some are Again: p_lock is that of
-- delete_calls then, and null if none is. A result that was replaced is told as if it was deleted.
CREATE FUNCTION finish_executions(
    p_lock bigint, p_agains boolean[],
    p_keys bytea[], p_seqs bigint[], p_statuses smallint[], p_finished timestamptz[], p_expires timestamptz[], p_retries timestamptz[],
    p_errors bytea[], p_texts bytea[], p_records bytea[], p_sizes bigint[], p_stored bigint[], p_forms smallint[], p_sums bytea[], p_data bytea[]
) RETURNS SETOF integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    x record;
    ended integer;
    last bigint;
BEGIN
    IF p_lock IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(p_lock);
    END IF;
    FOR x IN SELECT * FROM unnest(p_agains, p_keys, p_seqs, p_statuses, p_finished, p_expires, p_retries,
                p_errors, p_texts, p_records, p_sizes, p_stored, p_forms, p_sums, p_data)
            AS a(again, key, seq, status, finished, expires, retry, error, text, record, size, stored, form, sum, data) LOOP
        ended := end_execution(x.key, x.seq, x.status, x.finished, x.expires, x.retry,
            x.error, x.text, x.record, x.size, x.stored, x.form, x.sum, x.data);
        IF x.again AND x.status = 1 AND ended = 0 THEN
            IF go(ARRAY(SELECT e.seq FROM execution e WHERE e.key = x.key AND e.status = 1 AND e.seq < x.seq), 11::smallint, NULL) > 0 THEN
                INSERT INTO deleted SELECT coalesce(max(d.seq), 0) + 1, x.key FROM deleted d RETURNING seq INTO last;
                DELETE FROM deleted d WHERE d.seq <= last - 10000;
            END IF;
        END IF;
        RETURN NEXT ended;
    END LOOP;
END $$;

-- delete_calls also drops the result that there is beside an execution Again.
CREATE OR REPLACE FUNCTION delete_calls(p_lock bigint, p_keys bytea[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    k bytea;
    x record;
    now timestamptz;
    n integer := 0;
    dropped integer;
    last bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(p_lock);
    SELECT coalesce(max(seq), 0) INTO last FROM deleted;
    FOREACH k IN ARRAY p_keys LOOP
        SELECT e.seq, e.status, e.finished, e.expires INTO x
            FROM execution e WHERE e.key = k ORDER BY e.seq DESC LIMIT 1 FOR UPDATE;
        now := clock_timestamp();
        PERFORM go(ARRAY(SELECT e.seq FROM execution e WHERE e.key = k AND e.status = 1 AND has_expired(e.finished, e.expires, now)), 4::smallint, NULL);
        dropped := go(ARRAY(SELECT e.seq FROM execution e WHERE e.key = k AND e.status = 1), 5::smallint, NULL);
        IF x.status = 7 THEN
            UPDATE execution SET status = 10, finished = least(expires, now), expires = NULL, gone = now,
                    error = CASE WHEN expires <= now THEN 'its lease has expired' ELSE 'the call was deleted' END::bytea
                WHERE seq = x.seq;
        ELSE
            UPDATE execution SET gone = now WHERE seq = x.seq AND gone IS NULL;
        END IF;
        IF dropped > 0 OR x.status = 7 AND x.expires > now THEN
            n := n + 1;
        END IF;
        last := last + 1;
        INSERT INTO deleted VALUES (last, k);
    END LOOP;
    DELETE FROM deleted WHERE seq <= last - 10000;
    RETURN n;
END $$;

-- forget_records also drops the arguments of calls that have no records any more.
CREATE OR REPLACE FUNCTION forget_records(p_lock bigint, p_seqs bigint[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    keys bytea[];
    n integer;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    IF NOT pg_try_advisory_xact_lock(p_lock) THEN
        RETURN -1;
    END IF;
    WITH d AS (DELETE FROM execution WHERE seq = ANY(p_seqs) AND status NOT IN (1, 7) RETURNING key)
        SELECT count(*), array_agg(key) INTO n, keys FROM d;
    DELETE FROM arguments a WHERE a.key = ANY(keys) AND NOT EXISTS (SELECT FROM execution e WHERE e.key = a.key);
    RETURN n;
END $$;
