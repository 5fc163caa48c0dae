"""Pages in a real browser: headless Chromium, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1600",
)

needed = pytest.mark.skipif(PROGRAM is None, reason="there is no chromium to open the page with")


def dom(url: str, profile: Path, milliseconds: int = 0) -> str:
    """The document that the page has become, as HTML, after so much virtual time."""
    return _run(profile, "--dump-dom", *([f"--virtual-time-budget={milliseconds}"] if milliseconds else []), url)


def screenshot(url: str, profile: Path, picture: Path) -> None:
    """A picture of the page."""
    _run(profile, f"--screenshot={picture}", url)


def _run(profile: Path, *words: str) -> str:
    assert PROGRAM is not None
    done = subprocess.run(
        [PROGRAM, *FLAGS, f"--user-data-dir={profile}", *words], capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
