from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from models.errors import BuildError
from sql.check import Fingerprint, check_rows, examine_rows, portability_problems, require
from sql.engines import parse
from sql.header import Model, read_models


def problems(select: str) -> list[str]:
    return portability_problems(parse(select))


def model(**promises: object) -> Model:
    defaults: dict[str, object] = {"columns": {"key": "Key.", "size": "Size."}}
    return Model("marts", "things", Path("things.sql"), "", "Things.", "key", **{**defaults, **promises})  # type: ignore[arg-type]


@pytest.fixture
def con() -> DuckDBPyConnection:
    con = duckdb.connect(":memory:")
    con.execute("create table things as select * from (values ('a', 1), ('b', 2), ('b', null)) t(key, size)")
    return con


@pytest.mark.parametrize(
    ("select", "why"),
    [
        ("select cast(now() as timestamp) as at", "as_of"),
        ("select cast(current_timestamp as timestamp) as at", "as_of"),
        ("select cast(current_date as date) as on_day", "as_of"),
        ("select cast(today() as date) as on_day", "as_of"),
        ("select cast(localtimestamp as timestamp) as at", "as_of"),
        ("select cast(get_current_timestamp() as timestamp) as at", "as_of"),
        ("select cast(random() as double) as x", "repeatable"),
        ("select cast(uuid() as varchar) as x", "repeatable"),
        ("select cast(date_diff('day', a, b) as bigint) as days from marts.t", "epoch_us"),
        ("select cast(datediff('day', a, b) as bigint) as days from marts.t", "epoch_us"),
        ("select cast(mode(a) as varchar) as most from marts.t", "ties"),
        ("select cast(time_bucket(interval 1 day, a) as timestamp) as b from marts.t", "time_bucket"),
        ("select cast(r as bigint) as r from range(10) t(r)", "not a table"),
        ("select cast(g as bigint) as g from generate_series(1, 10) t(g)", "not a table"),
        ("select cast(quantile_disc(a, 0.5) as bigint) as q from marts.t", "quantile_cont"),
        ("select cast(quantile(a, 0.5) as bigint) as q from marts.t", "quantile_cont"),
        ("select cast(first(a) as bigint) as q from marts.t", "order"),
        ("select cast(last(a) as bigint) as q from marts.t", "order"),
        ("select cast(approx_quantile(a, 0.5) as bigint) as q from marts.t", "exact"),
        ("select cast(value as varchar) as v from json_each('[1]')", "ingest"),
        ("select a.x, b.y from marts.a asof join marts.b on a.at >= b.at", "ASOF"),
        ("select columns('a.*') from marts.t", "COLUMNS"),
        ("select * replace (cast(a as bigint) as a) from marts.t", "replace"),
        ("select * from marts.t", "name the columns"),
        ("select t.* from marts.t t", "name the columns"),
        ("select a from marts.t where a glob 'x*'", "GLOB"),
        ("select a from marts.t where a similar to 'x.*'", "SIMILAR TO"),
        ("select cast(a[1:2] as varchar) as part from marts.t", "slices"),
        ("select cast(regexp_replace(a, 'x', 'y') as varchar) as a from marts.t", "'g'"),
        ("select cast(regexp_replace(a, 'x', 'y', 'gi') as varchar) as a from marts.t", "'g'"),
        ("select cast(list(a order by b) as varchar[]) as l from marts.t", "order by"),
        ("select cast(string_agg(distinct a, ', ') as varchar) as l from marts.t", "order by"),
        ("select a + 1 as b from marts.t", "not cast"),
        ("select 'x' as kind from marts.t union all select cast('y' as varchar) as kind from marts.t", "not cast"),
        ("select cast(sum(a) over (order by b groups 1 preceding) as bigint) as s from marts.t", "GROUPS"),
    ],
)
def test_sql_outside_the_portable_subset_is_named_with_its_reason(select: str, why: str) -> None:
    """A model must run unchanged on every engine, and twice alike; the message says what to write instead."""
    assert any(why in problem for problem in problems(select)), problems(select)


@pytest.mark.parametrize(
    "select",
    [
        "select cast(a as varchar) as a, b from marts.t qualify row_number() over (partition by a order by b desc) = 1",
        "select cast(count(*) filter (where a > 1) as bigint) as n from marts.t",
        "select cast(quantile_cont(a, 0.5) as double) as q, cast(median(a) as double) as m from marts.t",
        "select cast(arg_max(a, b) as varchar) as a, cast(string_agg(a, '|' order by a) as varchar) as s from marts.t",
        "select cast(payload ->> '$.user.login' as varchar) as login from raw.t where a ilike 'x%'",
        "select cast(regexp_replace(a, 'x', 'y', 'g') as varchar) as a from marts.t",
        "select cast(regexp_extract(a, 'x') as varchar) as a from marts.t",
        "select cast((epoch_us(b) - epoch_us(a)) as bigint) as waited_us from marts.t",
        "with recursive d as (select cast(1 as bigint) as n union all select n + 1 from d where n < 3) "
        "select cast(n as bigint) as n from d",
    ],
)
def test_sql_inside_the_portable_subset_is_accepted(select: str) -> None:
    """What the architecture page calls fine must not be refused."""
    assert problems(select) == []


def test_every_shipped_model_stays_inside_the_portable_subset() -> None:
    """The subset is a promise about all files under sql/, so it is tested on all of them."""
    found = {name: portability_problems(parse(model.select)) for name, model in read_models().items()}
    assert {name: said for name, said in found.items() if said} == {}


def test_a_null_where_the_header_says_never_null_is_counted_with_an_example(con: DuckDBPyConnection) -> None:
    """A broken promise names its column, how many rows break it and one of them."""
    (said,) = check_rows(con, model(not_null=("key", "size")), "things")
    assert said == "size must not be null: 1 row breaks it, such as {'key': 'b'}"


def test_rows_that_share_a_unique_key_are_named(con: DuckDBPyConnection) -> None:
    """Two rows for one key mean the grain is not what the header says."""
    (said,) = check_rows(con, model(unique=(("key",), ("key", "size"))), "things")
    assert said == "(key) must be unique: 2 rows share ('b',)"


def test_a_broken_assertion_is_named_and_unknown_values_do_not_break_it(con: DuckDBPyConnection) -> None:
    """An assertion judges what is known: a null is for not_null to refuse."""
    assert check_rows(con, model(asserts=("size < 3",)), "things") == []
    (said,) = check_rows(con, model(asserts=("size < 2",)), "things")
    assert said.startswith("'size < 2' must hold: 1 row breaks it, such as {'key': 'b', 'size': 2")


def test_documented_and_produced_columns_must_be_the_same(con: DuckDBPyConnection) -> None:
    """A column nobody described, and a description of no column, are both refused."""
    said = check_rows(con, model(columns={"key": "Key.", "colour": "Colour."}), "things")
    assert said == ["documented but not produced: colour", "produced but not documented: size"]


def test_a_table_that_keeps_its_promises_has_no_problems(con: DuckDBPyConnection) -> None:
    """The checks must be able to pass, or they would say nothing."""
    kept = model(not_null=("key",), unique=(("key", "size"),), asserts=("size in (1, 2)",))
    assert check_rows(con, kept, "things") == []


def test_keys_that_are_known_to_be_unique_are_recognised_and_a_doubled_one_among_as_many_is_not(
    con: DuckDBPyConnection,
) -> None:
    """A table with the keys of one that was checked is not counted again; as many keys with one of them twice are."""
    keyed, known = model(unique=(("size",),)), set[Fingerprint]()
    con.execute("create table sizes as select cast(n as varchar) as key, n as size from range(1000) r(n)")
    assert examine_rows(con, keyed, "sizes", known) == ([], 1000)
    assert len(known) == 1
    con.execute("create table again as from sizes order by size desc")
    assert examine_rows(con, keyed, "again", known) == ([], 1000)
    assert len(known) == 1
    con.execute("update again set size = 7 where size = 8")
    (said,) = examine_rows(con, keyed, "again", known)[0]
    assert said == "(size) must be unique: 2 rows share (7,)"
    assert len(known) == 1


def test_problems_stop_the_build_and_say_that_the_last_one_stays() -> None:
    """A failing check is an error a user can act on; it can be recorded before it is raised."""
    told: list[str] = []
    require([], "marts.things", told.append)
    with pytest.raises(BuildError, match=r"marts\.things breaks its promises: a; b") as caught:
        require(["a", "b"], "marts.things", told.append)
    assert told == ["a; b"]
    assert caught.value.kept == "the last good build stays published"
