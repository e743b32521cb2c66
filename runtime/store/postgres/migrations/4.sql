-- discard_result with p_how 0 drops the record of an execution, and those before it of the call, but for
-- what is a result or leased. What is of the future, since the clock was set back, stays until it
-- is not any more, so that tokens grow.
CREATE OR REPLACE FUNCTION discard_result(p_key bytea, p_seq bigint, p_how smallint, p_why bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    now timestamptz;
    dropped boolean;
BEGIN
    IF p_how = 0 THEN
        PERFORM set_config('synchronous_commit', 'off', true);
        PERFORM FROM execution e WHERE e.key = p_key ORDER BY e.seq DESC LIMIT 1 FOR UPDATE; -- as delete_calls does
        now := clock_timestamp();
        PERFORM go(ARRAY(SELECT e.seq FROM execution e
            WHERE e.key = p_key AND e.seq <= p_seq AND e.status = 1 AND has_expired(e.finished, e.expires, now)), 4::smallint, NULL);
        DELETE FROM execution e WHERE e.key = p_key AND e.seq <= p_seq AND e.seq < micros(now)
            AND (e.status NOT IN (1, 7) OR e.status = 7 AND e.expires <= now);
        dropped := FOUND;
        DELETE FROM arguments a WHERE a.key = p_key AND NOT EXISTS (SELECT FROM execution e WHERE e.key = p_key);
        RETURN dropped;
    END IF;
    IF p_how NOT IN (3, 4, 5, 6) THEN
        RAISE EXCEPTION 'status % is not of a result that has gone', p_how;
    END IF;
    RETURN EXISTS (SELECT FROM execution WHERE seq = p_seq AND key = p_key)
        AND go(ARRAY[p_seq], p_how, nullif(p_why, '')) > 0;
END $$;
