"""The command `hub config check`: what each setting is, and whether the hub could run with them."""

import asyncio
import os

import typer
from pydantic import ValidationError

from config.settings import Settings
from hub.config_check import Finding, described, of_database, of_environment, of_files, of_provider
from hub.terminal import database_urls, one_sentence

app = typer.Typer(no_args_is_help=True, help="Explain the configuration.")


# With one command alone typer would leave out its name.
@app.callback()
def _config() -> None:
    pass


@app.command()
def check() -> None:
    """Explain every setting, and say whether the hub could run with them. Changes nothing; exit status 1 if not."""
    try:
        settings = Settings()
    except ValidationError as error:
        for wrong in error.errors():
            print(f"wrong  HUB_{'_'.join(map(str, wrong['loc'])).upper()}: {wrong['msg']}")
        raise typer.Exit(1) from None
    for setting in described(settings, os.environ):
        print(f"{setting.variable} = {setting.value}{'' if setting.given else '  (default)'}")
        print(f"    {setting.meaning}")
    print()
    findings = [*of_environment(os.environ), *of_files(settings)]
    with one_sentence():
        findings += asyncio.run(_asked(settings))
    for each in findings:
        print(f"{each.verdict:5}  {each.about}: {each.words}")
    raise typer.Exit(int(any(each.verdict == "wrong" for each in findings)))


async def _asked(settings: Settings) -> list[Finding]:
    return [each async for each in of_provider(settings)] + await _of_database(settings)


async def _of_database(settings: Settings) -> list[Finding]:
    if settings.database_url is None and not (settings.data_dir / "postgres").exists():
        return [Finding("ok", "database", "the first start makes a PostgreSQL of its own in the data folder")]
    async with database_urls(settings) as urls:
        return [each async for each in of_database(urls.work, settings)]
