"""The same recipe here and on a Ray cluster of two nodes, one worker killed: the same digests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import TinyProject

from pipeline import stages

ROOT = Path(__file__).resolve().parent.parent


def many_lines(count: int) -> str:
    """Documents of about a kilobyte with something to clean in every other one, and a short one now and then.

    Every tenth nearly repeats the one before it.
    """
    rows = []
    for n in range(count):
        m = n - 1 if n % 10 == 9 else n
        text = f"Document {m} １２３ of \u200bmany.  It says {m * 7919} and 中国 " * 20 + ("again" if m != n else "")
        rows.append(json.dumps({"id": f"n{n}", "text": text if n % 50 else "no", "spans": []}, ensure_ascii=False))
    return "\n".join(rows) + "\n"


@pytest.mark.slow
def test_clean_and_splits_have_the_same_digests_on_a_cluster_that_loses_a_worker_as_here(project: TinyProject) -> None:
    (project.corpus / "one.jsonl").write_text(many_lines(12_000), encoding="utf-8")
    recipe, here = project.recipe(), {}
    for work in stages.prepared(recipe, project.store):
        here[str(work.place)] = stages.make(work, project.store).digest
        stages.judge(work, project.store)
    work = stages.split(recipe, project.store)
    splits = stages.make(work, project.store)
    here[str(work.place)] = splits.digest
    assert splits.manifest.rejected > 1_000, "near-duplicates, by the sketches that the cluster has to make"

    program = str(Path(__file__).with_name("ray_cluster.py"))
    command = [sys.executable, program, str(project.recipes), str(project.root / "on-ray"), "journeys"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=300, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["nodes"] == 2
    assert sorted(told["killed"]) == ["clean", "splits"]
    assert told["digests"] == here
