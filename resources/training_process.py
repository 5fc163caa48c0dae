"""The process that trains: `python -m resources.training_process FOLDER PARENT`. The only place where torch runs."""

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from dagster_pipes import open_dagster_pipes

from pipeline import job
from pipeline.errors import GristmillError
from pipeline.types import Json


def main() -> int:
    """Run the job in the folder given; progress goes to the Dagster process that started this one."""
    _end_with(int(sys.argv[2]))  # not getppid(): it may have been killed before this line
    with open_dagster_pipes() as pipes:

        def report(event: Mapping[str, Json]) -> None:
            pipes.report_custom_message(dict(event))

        try:
            job.run(job.load(Path(sys.argv[1])), report)
        except GristmillError as error:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            return job.REFUSED
    return 0


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone, even if that was killed: no orphan holds the device."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
