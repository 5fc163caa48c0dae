"""The command `gristmill predict`."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from assets.asking import exits, store_of
from pipeline.errors import WrongUse

SHOWN = 5  # errors on the terminal; the output has them all
DEVICE = click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", show_default=True)


@click.command()
@click.argument("checkpoint")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--output", default="-", show_default=True, type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--format", "kind", type=click.Choice(["jsonl", "csv", "txt"]), help="[default: by the file's name]")
@click.option("--batch", default=256, show_default=True, type=click.IntRange(1), help="Documents in memory at a time.")
@DEVICE
def predict(checkpoint: str, file: str, output: str, kind: str | None, batch: int, device: str) -> None:
    """Predict every text of a file with a released recipe or a checkpoint's folder; JSON lines come out.

    CHECKPOINT is the name of a recipe (its published release) or a folder. FILE is JSONL or CSV with `text`, maybe
    `id`, and what the task reads beside it, or plain text, one text a line; - is standard input. Offsets count
    characters. A line that cannot be read gives a line with `error` and exit code 1; all others are predicted.
    """
    with exits():
        from pipeline import predicting

        predictor = predicting.Predictor.open(predicting.folder_of(checkpoint, store_of()), device)
        records = predicting.read(file, kind, sys.stdin.buffer, predictor.facts.task)
        found = predicting.predictions(predictor, records, batch)
        errors = 0
        with _written(output) as out:
            for record in found:
                if "error" in record:
                    errors += 1
                    if errors <= SHOWN:
                        click.echo(str(record["error"]), err=True)
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
    if errors:
        click.echo(f"lines that could not be read: {errors:,}; the others are predicted", err=True)
        sys.exit(1)


@contextmanager
def _written(output: str) -> Iterator[IO[str]]:
    """The output, open; a file appears when all of it is written."""
    if output == "-":
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        return
    aside = Path(f"{output}.partial")
    try:
        out = aside.open("w", encoding="utf-8")
    except OSError as error:
        raise WrongUse(f"--output {output}: cannot be written: {error.strerror}") from error
    with out:
        yield out
    aside.replace(output)
