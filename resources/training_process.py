"""The process that trains: `python -m resources.training_process FOLDER PARENT`. The only place where torch runs.

Under torchrun it is one of several that train together; the first of them reports.
"""

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from dagster_pipes import open_dagster_pipes

from pipeline import job
from pipeline.errors import GristmillError
from pipeline.training import Report
from pipeline.types import Json


def main() -> int:
    """Run the job in the folder given; progress goes to the Dagster process that started this one."""
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    rank = os.environ.get("RANK")
    _end_with(parent, directly=rank is None)  # not getppid(): it may have been killed before this line
    if rank not in (None, "0"):
        return _trained(folder, lambda _: None)
    with open_dagster_pipes() as pipes:

        def report(event: Mapping[str, Json]) -> None:
            pipes.report_custom_message(dict(event))

        return _trained(folder, report)


def _trained(folder: Path, report: Report) -> int:
    try:
        job.run(job.load(folder), report)
    except GristmillError as error:
        said = f"{type(error).__name__}: {error}\n"
        sys.stderr.write(said)
        (folder / job.REFUSAL).write_text(said, encoding="utf-8")  # torchrun has an exit code of its own
        return job.REFUSED
    return 0


def _end_with(parent: int, *, directly: bool) -> None:
    """End this process when the one that asked for it is gone, even if that was killed: no orphan holds the device.

    Under torchrun that one is not the parent (`directly` is False); torchrun, the parent, must be there as well.
    """
    above = parent if directly else os.getppid()

    def watch() -> None:
        while os.getppid() == above and (directly or _lives(parent)):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    sys.exit(main())
