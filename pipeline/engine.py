"""The only place that knows Daft: a kernel over the rows of a Parquet file, on every core here or on a Ray cluster.

The runner is Daft's own setting: native unless `DAFT_RUNNER=ray` is set (with `RAY_ADDRESS` for a cluster that is there
already; the file must then lie where every node sees it). The plan is the same, and so is what comes out, in order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Kernel = Callable[[pa.RecordBatch], pa.RecordBatch]

TASK_BYTES = 8 << 20  # of rows, uncompressed: what one task reads; with 32 MiB the peak was a tenth higher
# Daft looks for Ray where no runner is named: importing it takes 0.3 s of CPU and 60 MB.
NATIVE = {"DAFT_RUNNER": "native"}
QUIET = {"DO_NOT_TRACK": "1", "DAFT_ANALYTICS_ENABLED": "0", "RAY_USAGE_STATS_ENABLED": "0", "DAFT_PROGRESS_BAR": "0"}


def clustered() -> bool:
    """Whether kernels run on a Ray cluster."""
    return os.environ.get("DAFT_RUNNER") == "ray"


def mapped(file: Path, kernel: Kernel, out: pa.Schema) -> Iterator[pa.RecordBatch]:
    """What `kernel` makes of the rows of `file`, batch by batch, in the file's order.

    `kernel` gets record batches of the file's schema, of any number of rows, and gives as many of the schema `out`.
    """
    groups = _tasks(pq.ParquetFile(file).metadata)
    if not groups:
        return
    os.environ.update({name: value for name, value in (QUIET | NATIVE).items() if name not in os.environ})
    import daft
    from daft.functions import to_struct

    schema = pq.read_schema(file)
    kind = daft.DataType.from_arrow_type(pa.struct(list(out)))

    @daft.func.batch(return_dtype=kind, unnest=True)  # type: ignore[untyped-decorator]
    def hosted(rows: Any) -> Any:
        batch = pa.RecordBatch.from_struct_array(_as(rows.to_arrow(), pa.struct(list(schema))))
        return daft.Series.from_arrow(kernel(batch.cast(schema)).to_struct_array())

    # The native runner reads ahead of its workers without bound: it gets one task after another, a cluster all at once.
    together = [groups] if clustered() else [[task] for task in groups]
    made = hosted(to_struct(*(daft.col(name) for name in schema.names)))
    for tasks in together:
        frame = daft.read_parquet([str(file)] * len(tasks), row_groups=tasks)
        for batch in frame.select(made).to_arrow_iter(results_buffer_size=1):
            yield _as(batch, out)


def _tasks(metadata: Any) -> list[list[int]]:
    """The file's row groups, in runs of about TASK_BYTES."""
    tasks: list[list[int]] = []
    size = 0
    for group in range(metadata.num_row_groups):
        size += metadata.row_group(group).total_byte_size
        if not tasks or size > TASK_BYTES:
            tasks.append([])
            size = metadata.row_group(group).total_byte_size
        tasks[-1].append(group)
    return tasks


def _as(data: Any, kind: Any) -> Any:
    """Daft gives large strings and large lists; the project's schemas have plain ones."""
    return data.cast(kind)
