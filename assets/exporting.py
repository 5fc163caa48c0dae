"""The command `gristmill export`."""

from pathlib import Path

import click

from assets.asking import exits, store_of


@click.command()
@click.argument("checkpoint")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export(checkpoint: str, folder: Path) -> None:
    """Write a checkpoint as ONNX, with its tokenizer, and check that the logits agree.

    CHECKPOINT is the name of a recipe (its published release) or a folder; FOLDER must not exist or be empty. Where
    the logits of any of the checked batches differ by more than 0.0001, nothing is written and the command fails.
    """
    with exits():
        from pipeline.exporting import LIMIT, exported
        from pipeline.predicting import folder_of

        found = exported(folder_of(checkpoint, store_of()), folder)
    for shape in found.shapes:
        click.echo(f"  {shape.texts} x {shape.tokens} tokens: greatest difference of a logit {shape.difference:.2e}")
    click.echo(f"{folder}/model.onnx, {found.bytes:,} bytes; greatest difference {found.difference:.2e}, limit {LIMIT}")
