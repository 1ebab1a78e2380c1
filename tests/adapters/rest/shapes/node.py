"""Starts this folder's servers on Node's plain http, which need nothing but Node."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def node(script: str) -> Iterator[list[str]]:
    """Yields the addresses that `script` says it has. Skips the test where Node is not installed."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is not installed")
    with subprocess.Popen([program, str(Path(__file__).parent / script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()
        finally:
            process.kill()
