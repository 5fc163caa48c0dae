"""Where the project's things lie on this machine. Read from the environment when asked, never at import.

| variable | meaning | default |
| --- | --- | --- |
| GRISTMILL_RECIPES | the folder of recipes | `recipes` in the project |
| GRISTMILL_STORE | the store: a folder or any fsspec URL | `store` in the project |
| GRISTMILL_TRACKER | tensorboard, wandb, mlflow or none | tensorboard |
| GRISTMILL_TRAINING_PROCESSES | how many processes train one model together | 1 |
| DAGSTER_HOME | Dagster's instance: run history, schedules | `.dagster` in the project |
"""

import os
import shutil
from pathlib import Path

from pipeline.errors import WrongUse

ROOT = Path(__file__).resolve().parent.parent


def recipes_folder() -> Path:
    """The folder of recipes."""
    return Path(os.environ.get("GRISTMILL_RECIPES") or ROOT / "recipes")


def store_url() -> str:
    """The store's URL."""
    return os.environ.get("GRISTMILL_STORE") or str(ROOT / "store")


def training_processes() -> int:
    """How many processes train one model together: one a GPU. Raises WrongUse for what is no number of processes."""
    said = os.environ.get("GRISTMILL_TRAINING_PROCESSES") or "1"
    if not said.isdecimal() or int(said) < 1:
        raise WrongUse(f"GRISTMILL_TRAINING_PROCESSES is {said!r}; give a number of processes, from 1")
    return int(said)


def prepare_home() -> Path:
    """Dagster's home, made if needed with the project's `deploy/dagster.yaml`; sets DAGSTER_HOME for this process."""
    home = Path(os.environ.get("DAGSTER_HOME") or ROOT / ".dagster").resolve()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(ROOT / "deploy" / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return home
