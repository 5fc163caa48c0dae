"""The command `gristmill serve`."""

import click

from assets.asking import exits, store_of
from assets.predicting import DEVICE


@click.command()
@click.argument("checkpoint")
@click.option("--host", default="127.0.0.1", show_default=True, help="Anyone who reaches it can ask it; no passwords.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--batch", default=32, show_default=True, type=click.IntRange(1), help="Texts predicted at a time.")
@click.option("--wait-ms", default=5.0, show_default=True, help="How long a text waits for others to join its batch.")
@click.option("--max-body", default=1_000_000, show_default=True, type=click.IntRange(1), help="Bytes of a request.")
@click.option("--max-texts", default=64, show_default=True, type=click.IntRange(1), help="Texts of a request.")
@click.option("--max-characters", default=20_000, show_default=True, type=click.IntRange(1), help="Of one text.")
@DEVICE
def serve(
    checkpoint: str,
    host: str,
    port: int,
    batch: int,
    wait_ms: float,
    max_body: int,
    max_texts: int,
    max_characters: int,
    device: str,
) -> None:
    """Answer predictions over HTTP, for trying a model: POST /predict, GET /health, and a page at /.

    CHECKPOINT is the name of a recipe (its published release) or a folder. There are no passwords: leave the host at
    its default unless everyone who reaches the port may ask.
    """
    with exits():
        from pipeline import serving
        from pipeline.predicting import Predictor, folder_of

        limits = serving.Limits(max_body, max_texts, max_characters, batch, wait_ms / 1000)
        with serving.bound(host, port) as listening:
            predictor = Predictor.open(folder_of(checkpoint, store_of()), device)
            serving.run(serving.app(predictor, checkpoint, limits, host), listening, click.echo)
