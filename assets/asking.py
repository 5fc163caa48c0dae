"""What the commands of `gristmill` share: options, the recipes and the store asked for, errors as exit codes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from pipeline.errors import DataSaysNo, GristmillError, WrongUse
from resources import where

SETTING = click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one value of the YAML.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For scripts.")
VARIANT = click.option(
    "--variant", default="base", show_default=True, help="The recipe itself, or one of its variants."
)


def project_of(settings: tuple[str, ...] = (), recipe: str | None = None) -> Any:
    """The recipes that this process was told of; a mistake in one of them ends the command."""
    from pipeline.loading import load_recipes

    with exits():
        return load_recipes(where.recipes_folder(), settings, recipe)


def store_of() -> Any:
    """The store that this process was told of."""
    from pipeline.store import Store

    return Store(where.store_url())


def show_table(table: Any) -> None:
    """Print a rich table, as wide as the terminal."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 140).print(table)


@contextmanager
def exits() -> Iterator[None]:
    """Errors as words and an exit code: 1 a gate or the data says no, 2 wrong use, 130 interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo("interrupted; what is made stays, and the same command goes on from there", err=True)
        raise SystemExit(130) from None
    except WrongUse as error:
        click.echo(str(error), err=True)
        raise SystemExit(2) from error
    except DataSaysNo as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
    except GristmillError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        raise SystemExit(1) from error
