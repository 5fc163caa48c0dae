"""Shows what augmentation brings."""

from typing import Any


def text(rows: list[dict[str, Any]], left_out: dict[str, str]) -> str:
    """The table, and which operations lower the score."""
    lines = [f"{'operation':24}{'size':>8}{'test':>9}{'without':>10}{'with':>10}{'difference':>12}  95 % interval"]
    lines += [
        f"{r['operation']:24}{r['size']:>8}{r['test']:>9}{r['without']:10.4f}{r['with']:10.4f}{r['difference']:+12.4f}"
        f"  [{r['low']:+.4f}, {r['high']:+.4f}]"
        for r in rows
    ]
    lines += [f"{name} lowers the score: {why}; `when: helps` leaves it out" for name, why in left_out.items()]
    return "\n".join(lines)
