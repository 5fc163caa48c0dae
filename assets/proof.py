"""What `gristmill prove-augmentation` found, as a table."""

from collections.abc import Mapping
from typing import Any


def text(report: Mapping[str, Any]) -> str:
    """A line for each operation, the faults in words, and the sums."""
    lines = [f"{'operation':24}{'sentences':>12}{'refused':>12}"]
    lines += [f"{name:24}{n:12,}{report['refused'][name]:12,}" for name, n in report["by_operation"].items()]
    lines += [f"{name} was left out: {why}" for name, why in report["left_out"].items()]
    lines += [f"{said}: {child}" for said, child in report["faults"].items()]
    sums = ", ".join(f"{report[name]} {name.replace('_', ' ')}" for name in ("misaligned", "invalid", "wrong_split"))
    return "\n".join([*lines, f"{report['sentences']:,} sentences: {sums}; {report['seconds']:g} s"])
