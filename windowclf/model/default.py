"""Which model is meant when none is named: the last one trained, or the one carried along."""

import os
from pathlib import Path

import platformdirs

from windowclf.errors import ModelError
from windowclf.model.manifest import MANIFEST
from windowclf.system.files import write_whole
from windowclf.system.resources import data_path

_LAST = "last-model"


def remember(folder: Path) -> None:
    """Note the model that was trained last; where that cannot be written, it is not noted."""
    path = _state() / _LAST
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = os.fsencode(folder.resolve())
        write_whole(path, lambda temporary: temporary.write_bytes(text))
    except OSError:
        pass


def find_model(named: str | None) -> tuple[Path, str]:
    """Choose a model: the one named, else the last one trained, else the one carried along.

    Parameters
    ----------
    named : str or None
        A model folder.

    Returns
    -------
    folder : Path
    why : str
        "named", "last trained" or "carried".

    Raises
    ------
    ModelError
        If there is none of them.
    """
    if named is not None:
        return Path(named), "named"
    try:
        last = Path(os.fsdecode((_state() / _LAST).read_bytes()))
    except OSError:
        last = None
    if last is not None and (last / MANIFEST).is_file():
        return last, "last trained"
    carried = data_path("model")
    if (carried / MANIFEST).is_file():
        return carried, "carried"
    raise ModelError("no model yet: train one with 'windowclf train', or name one with --model")


def _state() -> Path:
    override = os.environ.get("WINDOWCLF_STATE")
    return Path(override) if override else platformdirs.user_state_path("windowclf")
