"""Which payloads are new: the SQL that compares what arrives with what the raw store holds.

Owns what counts as a new version. Refuses to know transactions and the run log.
"""

from __future__ import annotations

from models.streams import Stream

_PLACE = "coalesce(version_at, timestamp '0001-01-01'), fetched_at, payload_sha256"


def insert_sql(stream: Stream, incoming: str) -> str:
    """Return the INSERT for a relation shaped as for ``store_sql`` whose keys are distinct and none of them held."""
    return f"""
        insert into raw.{stream.table}
        select $source, record_key, payload, payload_sha256, version_at, $request_url, fetched_at, $run_id
        from {incoming}
    """


def store_sql(stream: Stream, incoming: str) -> str:
    """Return the INSERT that adds to ``stream`` whatever relation ``incoming`` brings that is new.

    ``incoming`` has record_key, payload, payload_sha256, version_at and fetched_at. Bound parameters: ``$source``,
    ``$run_id``, ``$request_url``. A content never seen for its key is stored. A content seen before is stored again
    only when it is the latest observation and differs from the one held as latest (a value that went A → B → A).
    """
    return f"""
        insert into raw.{stream.table}
        with contents as (
            select record_key, payload_sha256, any_value(payload) as payload,
                max(version_at) as version_at, min(fetched_at) as fetched_at
            from {incoming} group by record_key, payload_sha256
        ),
        {_news_ctes(stream, "contents")}
        select $source, c.record_key, c.payload, c.payload_sha256, c.version_at, $request_url, c.fetched_at, $run_id
        from contents c semi join news n on n.record_key = c.record_key and n.payload_sha256 = c.payload_sha256
    """


def relation_sql(stream: Stream, relation: str, *, is_first: bool = False) -> str:
    """Return the same INSERT for a relation too large to be held in memory.

    No content may occur twice in ``relation``; so its payloads are read once, row by row, after keys and hashes alone
    have decided what is new. Where the store holds nothing of the source yet (``is_first``) everything is.
    """
    news = "semi join news n on n.record_key = c.record_key and n.payload_sha256 = c.payload_sha256"
    return f"""
        insert into raw.{stream.table}
        {"" if is_first else f"with {_news_ctes(stream, relation)}"}
        select $source, c.record_key, c.payload, c.payload_sha256, c.version_at, $request_url, c.fetched_at, $run_id
        from {relation} c {"" if is_first else news}
    """


def _news_ctes(stream: Stream, contents: str) -> str:
    """Return CTEs ending in ``news``: the contents (record_key, payload_sha256) of a relation that are to be stored."""
    return f"""
        offered as (
            select record_key, payload_sha256, version_at, fetched_at,
                row_number() over (partition by record_key order by ({_PLACE}) desc) as place
            from {contents}
        ),
        held as (
            select record_key, payload_sha256, max(fetched_at) as fetched_at, max(version_at) as version_at
            from raw.{stream.table}
            where source = $source and record_key in (select record_key from offered)
            group by record_key, payload_sha256
        ),
        latest as (
            select record_key, max_by(payload_sha256, ({_PLACE})) as payload_sha256, max(({_PLACE})) as place
            from held group by record_key
        ),
        news as (
            select o.record_key, o.payload_sha256
            from offered o
            left join held h on h.record_key = o.record_key and h.payload_sha256 = o.payload_sha256
            left join latest l on l.record_key = o.record_key
            where h.record_key is null
                or (
                    o.place = 1 and l.payload_sha256 <> o.payload_sha256
                    and (coalesce(o.version_at, timestamp '0001-01-01'), o.fetched_at, o.payload_sha256) > l.place
                )
        )
    """
