"""The agencies' files as a door to their specs: what is new in them is published when a process starts."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from config.load import load_agencies
from hub.access.audit import note
from hub.db import Database
from hub.specs.specs import Way, digest_of, row_of, take_turns
from hub.specs.tables import agency_spec, spec_version


def read(folder: Path, addresses: Mapping[str, str]) -> dict[str, str]:
    """The files' texts by agency, once all of them are right. Whoever keeps specs in the console has an empty folder.

    `addresses`: where agencies' systems really are. Raises ConfigError.
    """
    paths = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not paths and folder.is_dir():
        return {}
    load_agencies(folder, {agency: address for agency, address in addresses.items() if agency in paths})
    return {agency: path.read_text("utf-8") for agency, path in paths.items()}


async def adopt(database: Database, texts: Mapping[str, str]) -> list[str]:
    """Publish what is new in the files' `texts`: an agency that has no spec yet, or a text that no version of before
    has, where the version at work came from a file as well.

    Returns the agencies whose files differ from what is at work and were left alone: `hub agencies diff` and `apply`
    are for those.
    """
    async with database.begin() as connection:
        await take_turns(connection)
        found = await connection.execute(
            select(*spec_version.c["agency", "version", "digest", "way"], agency_spec.c.version.label("at_work")).join(
                agency_spec, agency_spec.c.agency == spec_version.c.agency
            )
        )
        rows = found.all()
        said = {(row.agency, row.digest) for row in rows}
        at_work = {row.agency: row for row in rows if row.version == row.at_work}
        newest = {row.agency: max(each.version for each in rows if each.agency == row.agency) for row in rows}
        differs = [
            agency for agency, text in texts.items() if agency in at_work and at_work[agency].digest != digest_of(text)
        ]
        new = [agency for agency in texts if agency not in at_work] + [
            agency
            for agency in differs
            if at_work[agency].way == Way.FILE and (agency, digest_of(texts[agency])) not in said
        ]
        if new:
            made = [
                row_of(agency, newest.get(agency, 0) + 1, texts[agency], "file", f"read from {agency}.yaml", Way.FILE)
                for agency in new
            ]
            await connection.execute(insert(spec_version).values(made))
            numbers = {row["agency"]: row["version"] for row in made}
            statement = upsert(agency_spec).values([{"agency": each, "version": numbers[each]} for each in numbers])
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["agency"], set_={"version": statement.excluded.version, "watched_until": None}
                )
            )
            await note(connection, actor="file", action="specs.read", detail={"versions": numbers})
    return [agency for agency in differs if agency not in new]
