"""The files of deploy/: they parse, and each command, setting, path and unit they or docs/operate.md name exists."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from prometheus_client import REGISTRY

from config.settings import Settings
from hub import cli, telemetry
from tests.running import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
GUIDE = (ROOT / "docs" / "operate.md").read_text()
SETTINGS = {f"HUB_{name.upper()}" for name in Settings.model_fields}
#: Of compose.yaml itself.
ITS_OWN = {"HUB_DB_PASSWORD", "HUB_OWNER_PASSWORD", "HUB_SITE"}


def commands() -> set[str]:
    """All that may follow `hub`: "run", "sync status" …"""

    def below(group: Any, before: str) -> Iterator[str]:
        for name, command in group.commands.items():
            yield f"{before}{name}"
            if hasattr(command, "commands"):
                yield from below(command, f"{before}{name} ")

    return set(below(typer.main.get_command(cli.app), ""))


def named_settings(text: str) -> set[str]:
    return set(re.findall(r"\bHUB_[A-Z_]*[A-Z]\b", text))


@pytest.mark.parametrize(
    "path", [*UNITS, *(path for path in DEPLOY.iterdir() if path.is_file())], ids=lambda it: it.name
)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    assert named_settings(path.read_text()) <= SETTINGS | ITS_OWN


def test_the_guide_names_what_exists() -> None:
    assert {name for name in named_settings(GUIDE) if not name.startswith("HUB_SECRET")} <= SETTINGS | ITS_OWN
    known = commands()
    groups = "|".join({name.split()[0] for name in known if " " in name})
    named = re.findall(rf"(?:^|[`\s/])hub ((?:(?:{groups}) )?[a-z]+)\b", "\n".join(_code(GUIDE)))
    assert named
    assert set(named) <= known
    for path in re.findall(r"\]\(([^)#:]+)\)", GUIDE):
        assert (ROOT / "docs" / path).exists(), path


def _code(text: str) -> list[str]:
    """Lines of code, and what stands between backticks."""
    return [*re.findall(r"`([^`\n]+)`", text), *(line for line in text.splitlines() if line.startswith("    "))]


def test_the_guide_tells_of_every_metric_and_of_no_other() -> None:
    assert telemetry.RUNS in REGISTRY._collector_to_names
    exported = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("hub_")}
    named = {name.removesuffix("_total") for name in re.findall(r"`(hub_[a-z_]+)", GUIDE)}
    assert named == exported


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_start_what_exists(unit: Path) -> None:
    text = unit.read_text()
    for command in re.findall(r"^ExecStart=/opt/gialai-hub/.venv/bin/hub (.*)$", text, re.MULTILINE):
        assert command in commands()
    for name in re.findall(r"\bhub(?:-[a-z]+)?(?:@\d?)?\.(?:service|socket|target)", text):
        assert (unit.parent / re.sub(r"@\d", "@", name)).exists(), name


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = tmp_path / "hub"
    program.touch(0o755)
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/gialai-hub/.venv/bin/hub", str(program)))
    units = [str(tmp_path / unit.name.replace("@.", "@1.")) for unit in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    )
    ours = [line for line in done.stderr.splitlines() if "hub" in line]
    assert (done.returncode, ours) == (0, [])


def test_compose_starts_what_exists() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        if service["image"] == "gialai-hub":
            assert service["command"][0] in commands(), name
        for other in service.get("depends_on", ()):
            assert other in services
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), source
    assert (DEPLOY / services["api1"]["build"]["context"] / services["api1"]["build"]["dockerfile"]).exists()
    for name in re.findall(r"\b(\w+):8000", (DEPLOY / "Caddyfile").read_text()):
        assert services[name]["command"] == ["api"]


def test_the_image_holds_all_that_the_hub_imports() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = {word for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for word in line.split()}
    assert {"adapters", "config", "contracts", "hub", "sync_jobs", "requirements.txt", "pyproject.toml"} <= copied
    assert all((ROOT / name).exists() for name in copied)
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_in == copied
