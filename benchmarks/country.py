"""An index as large as a country's: so many dossiers straight into the tables, in minutes, for benchmarks to work on.

What is made is what `record` would have made: each dossier's state is the fold of its lines of history, it is filed
under its marks and counted in the tallies, as a test holds. Two things are simpler. A digest is of (dossier, line) and
not of what was said, so that the same said again would be a new line; and all dossiers of one person share one sealed
value. Of changes only the last of each dossier is there.

Dossiers are numbered in the order in which they were submitted, over five years up to now. Two fifths are the city's,
two fifths those of three departments, the rest is spread over the other agencies. A dossier lives two to thirty-two
days; those that are still alive stand at "being processed", and nine tenths of the others ended with their result
handed out. Texts, codes and times have the lengths they have in life. Who applies is in benchmarks.persons: each
eight times, with any agency, in any year.

Ten million dossiers take about 14 GB with one line of history each, and about 26 GB with six.
"""

from collections.abc import Callable
from datetime import datetime

import orjson

from benchmarks import persons
from contracts.observation import Channel
from hub.db import Database, Driver
from hub.index import parts, tallies
from hub.index.marks import filed_under
from hub.index.steps import PLACES
from hub.vault import Vault

#: How many lines of history a dossier can have.
MOST_LINES = 6

#: Agencies with the start of their codes, by how many of a hundred dossiers are theirs.
SHARES = {
    ("ubnd-pleiku", "H21.20"): 40,
    ("so-tnmt", "H21.09"): 20,
    ("so-khdt", "H21.10"): 10,
    ("so-tp", "H21.12"): 10,
    ("so-xd", "H21.03"): 4,
    ("so-ldtbxh", "H21.11"): 4,
    ("so-gtvt", "H21.04"): 4,
    ("so-yt", "H21.07"): 3,
    ("so-ct", "H21.05"): 2,
    ("so-gddt", "H21.08"): 2,
    ("so-vhttdl", "H21.14"): 1,
}
PROCEDURES = {
    "1.001612": "Đăng ký thành lập hộ kinh doanh",
    "1.004222": "Đăng ký thường trú",
    "2.000815": "Chứng thực bản sao từ bản chính giấy tờ, văn bản do cơ quan, tổ chức có thẩm quyền cấp",
    "1.012753": "Đăng ký đất đai, tài sản gắn liền với đất, cấp Giấy chứng nhận lần đầu đối với cá nhân",
    "1.002693": "Cấp giấy phép xây dựng nhà ở riêng lẻ",
}
WORDS = [
    "Mới đăng ký",
    "Đã tiếp nhận",
    "Từ chối tiếp nhận",
    "Đang xử lý tại phòng chuyên môn",
    "Chờ bổ sung",
    "Chờ nộp phí, lệ phí",
    "Công dân rút hồ sơ",
    "Dừng xử lý",
    "Có kết quả",
    "Đã trả kết quả",
]
DAYS = 5 * 365
_AT_ONCE = 250_000

_TABLES = ("dossier", "observation", "change", "dossier_mark")

# Only while the country is made.
_PERSONS = "CREATE UNLOGGED TABLE person (number bigint PRIMARY KEY, personal bytea, marks bigint[])"

# $1, $2: dossiers from, up to. $3: how many there will be in all. $4: now. $5, $6: a hundred agencies with the start of
# their codes, each as often as its share. $7, $8: procedures with their names. $9: how many persons there are.
_LIVES = f"""
    CREATE TEMPORARY TABLE life ON COMMIT DROP AS
    WITH born AS (
        SELECT n AS id,
               (n - 1) * {DAYS} / $3 AS day,
               (1 + mod(abs(hashint8extended(n, 1)), 100))::integer AS share,
               (1 + mod(abs(hashint8extended(n, 2)), {len(PROCEDURES)}))::integer AS procedure,
               make_interval(secs => mod(abs(hashint8extended(n, 3)), 36000)) AS hour,
               make_interval(secs => 172800 + mod(abs(hashint8extended(n, 4)), 2592000)) AS lasts,
               mod(abs(hashint8extended(n, 5)), 100) AS fate,
               mod(abs(hashint8extended(n, 6)), $9) AS person
          FROM generate_series($1::bigint, $2::bigint) AS n
    ), dated AS (
        SELECT *, date_trunc('day', $4::timestamptz) + make_interval(days => (day - {DAYS})::integer) + hour
                  AS submitted_at,
               -- Its place among those of its day.
               (id - (day * $3 + {DAYS} - 1) / {DAYS})::text AS place
          FROM born
    ), coded AS (
        SELECT *, ($6::text[])[share] || to_char(submitted_at, '-YYMMDD-')
                  || lpad(place, greatest(4, length(place)), '0') AS code
          FROM dated
    )
    SELECT id, code, translate(code, '.-', '') AS code_key, ($5::text[])[share] AS agency, personal, marks,
           ($7::text[])[procedure] AS procedure_code, ($8::text[])[procedure] AS procedure_name,
           submitted_at, submitted_at + interval '1 hour' AS received_at, submitted_at + interval '15 days' AS due_at,
           date_trunc('second', least(lasts, $4 - submitted_at) / {MOST_LINES + 1}) AS step,
           (CASE WHEN submitted_at + lasts > $4 THEN '{{1,1,2,2,4,4}}'
                 WHEN fate < 4 THEN '{{1,2,4,5,4,7}}'
                 WHEN fate < 7 THEN '{{1,2,2,5,5,8}}'
                 WHEN fate < 10 THEN '{{1,2,4,6,4,9}}'
                 ELSE '{{1,2,4,6,9,10}}' END)::smallint[] AS statuses
      FROM coded
      JOIN person ON person.number = coded.person
"""

# Of six lines a dossier has the last so many: `place` is 1 to 6 in them.
_DIGEST = "sha256(int8send(id) || int2send(place::smallint))"
_OCCURRED = "submitted_at + place * step"
_HEARD = f"{_OCCURRED} + interval '40 seconds'"
_FINISHED = f"CASE WHEN place = {MOST_LINES} AND statuses[place] IN (9, 10) THEN {_OCCURRED} END"


def _told(time: str) -> str:
    return f'to_char({time}, \'YYYY-MM-DD"T"HH24:MI:SS"+00:00"\')'


# $1: the first place. $2: what a line says that tells no more than a status, by status.
_HISTORY = f"""
    INSERT INTO observation (dossier_id, digest, code, occurred_at, settles, facts, personal, observed_at, channel,
                             recorded_at)
    SELECT id, {_DIGEST}, code, {_OCCURRED}, false,
           CASE WHEN place > $1 AND place < {MOST_LINES} THEN ($2::jsonb[])[statuses[place]]
                WHEN place > $1 THEN ($2::jsonb[])[statuses[place]]
                     || jsonb_strip_nulls(jsonb_build_object('finished_at', {_told(_FINISHED)}))
                ELSE ($2::jsonb[])[statuses[place]] || jsonb_strip_nulls(jsonb_build_object(
                     'procedure_code', procedure_code, 'procedure_name', procedure_name,
                     'submitted_at', {_told("submitted_at")},
                     'received_at', {_told("received_at")},
                     'due_at', {_told("due_at")},
                     'finished_at', {_told(_FINISHED)})) END,
           CASE WHEN place = $1 THEN personal END, {_HEARD}, 'pull', {_HEARD}
      FROM life, generate_series($1::integer, {MOST_LINES}) AS place
"""


def _micros(time: str) -> str:
    return f"int8send((extract(epoch FROM {time}) * 1000000)::bigint)"


# As hub.index.steps packs them: pulled, and said by the agency that has the dossier.
_STEP = f"""
    int2send((statuses[place] * 256 + {PLACES[Channel.PULL]})::smallint)
    || {_micros(_OCCURRED)} || {_micros(_HEARD)}
    || int2send((octet_length(($1::text[])[statuses[place]]) + 1)::smallint) || '\\x00'::bytea
    || convert_to(($1::text[])[statuses[place]], 'UTF8')
"""

# $1: the agencies' words, by status. $2: the first place.
_DOSSIERS = f"""
    INSERT INTO dossier (id, agency, code, code_key, status, status_raw, procedure_code, procedure_name, submitted_at,
                         received_at, due_at, finished_at, personal, moment_numbered, moment_rank, top, observed_at,
                         channel, updated_at, timeline_at, timeline)
    OVERRIDING SYSTEM VALUE
    SELECT id, agency, code, code_key, statuses[place], ($1::text[])[statuses[place]], procedure_code, procedure_name,
           submitted_at, received_at, due_at, {_FINISHED}, personal, false,
           (extract(epoch FROM {_OCCURRED}) * 1000000)::bigint, {_DIGEST}, {_HEARD}, 'pull', {_HEARD}, {_HEARD},
           (SELECT string_agg({_STEP.strip()}, '' ORDER BY place)
              FROM generate_series($2::integer, {MOST_LINES}) AS place
             WHERE place = $2 OR statuses[place] <> statuses[place - 1])
      FROM life, (VALUES ({MOST_LINES})) AS last (place)
     ORDER BY id
"""

# $1: lines of a dossier.
_CHANGES = f"""
    INSERT INTO change (dossier_id, kind, status_before, status_after, at)
    SELECT id, CASE WHEN $1 = 1 THEN 'created' ELSE 'status' END,
           CASE WHEN $1 > 1 THEN statuses[place - 1] END, statuses[place], {_HEARD}
      FROM life, (VALUES ({MOST_LINES})) AS last (place)
     ORDER BY id
"""

_MARKS = "INSERT INTO dossier_mark (mark, dossier_id) SELECT unnest(marks), id FROM life ORDER BY id"

# Keys that others refer to can only go after what refers to them, and come before it.
_CONSTRAINTS = """
    SELECT conrelid::regclass::text AS "table", quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
      FROM pg_constraint
     WHERE contype IN ('p', 'u', 'f') AND $1::text[] && ARRAY[conrelid::regclass::text, confrelid::regclass::text]
     ORDER BY contype = 'f'
"""
_INDEXES = """
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
      FROM pg_index
     WHERE indrelid::regclass::text = ANY($1::text[])
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


async def fill(
    database: Database,
    vault: Vault,
    dossiers: int,
    *,
    lines: int = 1,
    now: datetime,
    progress: Callable[[int], None] = lambda made: None,
) -> None:
    """Fill the index, which must be empty, with `dossiers` of so many `lines` of history each (1 to 6). `progress`
    is told how many there are, from time to time."""
    connection = await database.connect_alone()
    try:
        await connection.execute("SET timezone = 'UTC'; SET maintenance_work_mem = '1GB'; SET synchronous_commit = off")
        constraints = await connection.fetch(_CONSTRAINTS, _TABLES)
        indexes = await connection.fetch(_INDEXES, _TABLES)
        for each in reversed(constraints):
            await connection.execute(f"ALTER TABLE {each['table']} DROP CONSTRAINT {each['name']}")
        for each in indexes:
            await connection.execute(f"DROP INDEX {each['name']}")
        people = max(1, dossiers // persons.DOSSIERS_EACH)
        await connection.execute(_PERSONS)
        await connection.copy_records_to_table("person", records=persons.persons(people, vault))
        for start in range(0, dossiers, _AT_ONCE):
            end = min(start + _AT_ONCE, dossiers)
            async with connection.transaction():
                await _add(connection, vault, range(start + 1, end + 1), dossiers, people, lines, now)
                await connection.execute("SELECT setval(pg_get_serial_sequence('dossier', 'id'), $1)", end)
            await parts.split(database)
            progress(end)
        for each in constraints:
            await connection.execute(f"ALTER TABLE {each['table']} ADD CONSTRAINT {each['name']} {each['definition']}")
        for each in indexes:
            await connection.execute(each["definition"])
        await connection.execute("DROP TABLE person")
        await connection.execute(f"VACUUM (ANALYZE) {', '.join(_TABLES)}")
        missed = [(each.cell, each.recounted) for each in await tallies.differences(database)]
        await tallies.append(connection, missed)
        await tallies.fold(database)
    finally:
        await connection.close()


async def _add(connection: Driver, vault: Vault, ids: range, of: int, people: int, lines: int, now: datetime) -> None:
    shares = [agency for agency, share in SHARES.items() for _ in range(share)]
    names, starts = [name for name, _ in shares], [start for _, start in shares]
    procedures, titles = list(PROCEDURES), list(PROCEDURES.values())
    await connection.execute(_LIVES, ids[0], ids[-1], of, now, names, starts, procedures, titles, people)
    await connection.execute(_DOSSIERS, WORDS, MOST_LINES - lines + 1)
    statuses = [
        orjson.dumps({"status": str(code), "status_raw": word}).decode() for code, word in enumerate(WORDS, start=1)
    ]
    await connection.execute(_HISTORY, MOST_LINES - lines + 1, statuses)
    await connection.execute(_CHANGES, lines)
    await connection.execute(_MARKS)
    coded = await connection.fetch("SELECT id, code FROM life ORDER BY id")
    marks = [(mark, row["id"]) for row in coded for mark in filed_under(row["code"], {}, vault)]
    await connection.copy_records_to_table("dossier_mark", records=marks, columns=("mark", "dossier_id"))
