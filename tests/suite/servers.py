"""Starts the contract suite's servers, which are not ours: PHP's SoapServer, npm's soap, Node's plain http; and npm's
oidc-provider, by which people sign in."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
DOCUMENTS = HERE / "documents"
KEY = 'suite <&> "key"'

DOSSIERS: list[dict[str, Any]] = json.loads((HERE / "dossiers.json").read_text("utf-8"))


@contextmanager
def php(script: Path = HERE / "php" / "server.php") -> Iterator[str]:
    """PHP with php-soap, running `script`; yields its address. Skips the test where there is none."""
    program = shutil.which("php")
    if program is None or "soap" not in _said(program, "-m").lower().split():
        pytest.skip("PHP with its soap extension is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _running([program, "-S", f"127.0.0.1:{port}", str(script)]):
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def node(script: str, *arguments: str) -> Iterator[str]:
    """A script of node/, which says its address. Skips the test where Node, or what it needs, is not installed."""
    program = shutil.which("node")
    if program is None or not (HERE / "node" / "node_modules").is_dir():
        pytest.skip("Node, or what `npm ci` installs in tests/suite/node, is missing")
    with _running([program, str(HERE / "node" / script), *arguments]) as process:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        assert address, "it did not start: npm ci --prefix tests/suite/node installs what it needs"
        yield address


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, env=os.environ | {"SUITE_KEY": KEY}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("PHP's server does not listen")
