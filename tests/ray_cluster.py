"""A program for the tests: makes `clean` and `splits` of a recipe on a local Ray cluster of two nodes.

Arguments: folder of recipes, store, recipe. The first worker that is seen at work in each of the two stages is killed
with SIGKILL. Prints JSON: the nodes, the process that was killed in each stage, the digest of every version.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

NODES = 2


def is_ours(folder: Path) -> bool:
    """Whether a process of /proc is a worker of this program's cluster: the child of a raylet that it has started."""
    return _parent(Path("/proc") / str(_parent(folder))) == os.getpid()


def _parent(folder: Path) -> int:
    """The parent's number. Raises OSError where the process is gone."""
    status = (folder / "status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("PPid:")).split()[1])


def kill_one_at_work(stage: str, killed: dict[str, int]) -> None:
    """Ray names a worker after what it does; the engine's plan ends in a projection by a function."""
    until = time.monotonic() + 120
    while stage not in killed and time.monotonic() < until:
        for folder in Path("/proc").iterdir():
            try:
                title = (folder / "cmdline").read_bytes() if folder.name.isdigit() and is_ours(folder) else b""
            except OSError:
                continue
            if title.startswith(b"ray::") and b"UDFProject" in title:
                os.kill(int(folder.name), signal.SIGKILL)
                killed[stage] = int(folder.name)
                return
        time.sleep(0.02)


def main(recipes: str, store_url: str, name: str) -> None:
    os.environ.update({"DAFT_RUNNER": "ray", "RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0"})
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 200 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    for _ in range(NODES - 1):
        cluster.add_node(**node)
    ray.init(address=cluster.address, logging_level="ERROR", log_to_driver=False)

    from pipeline import engine, stages
    from pipeline.loading import load_recipes
    from pipeline.store import Store

    engine.TASK_BYTES = 1 << 20  # many tasks of a small corpus
    recipe, store = load_recipes(Path(recipes)).recipe(name), Store(store_url)
    killed: dict[str, int] = {}

    def watched(stage: str) -> None:
        threading.Thread(target=kill_one_at_work, args=(stage, killed), daemon=True).start()

    digests = {}
    watched("clean")
    for work in stages.prepared(recipe, store):
        version = stages.make(work, store)
        stages.judge(work, store)
        digests[str(work.place)] = version.digest
    watched("splits")
    work = stages.split(recipe, store)
    digests[str(work.place)] = stages.make(work, store).digest
    nodes = len([n for n in ray.nodes() if n["Alive"]])
    print(json.dumps({"nodes": nodes, "killed": killed, "digests": digests}))
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
