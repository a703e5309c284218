"""Which model is used: the one that is named, the one trained in this folder, or the bundled one.

Commands and `windowclf.load` follow this rule, in this order:

1. the model that is named: by ``--model``, or by the argument of `load`;
2. the one that the environment variable ``WINDOWCLF_MODEL`` names;
3. the last one that ``windowclf train`` wrote in the current directory or below it;
4. the bundled model.

Training notes its model in a file of the directory it was started in. The path in it is relative,
so the note stays right where the directory is moved, and cannot lead out of it.
"""

import os
from pathlib import Path
from typing import NamedTuple

from windowclf.errors import ModelError, printable
from windowclf.model.manifest import MANIFEST
from windowclf.system.files import write_whole
from windowclf.system.resources import data_path

MARKER = ".windowclf-model"
"""The file in which training notes where its model is."""
VARIABLE = "WINDOWCLF_MODEL"
_BUNDLED = "bundled"
_LONGEST = 4096  # bytes; no file system has longer paths


class Choice(NamedTuple):
    """The model that is used.

    Attributes
    ----------
    folder : Path
        Its files may be missing or damaged: loading detects that.
    why : str
        What named it, "trained in this folder", or "bundled".
    fault : str or None
        Why the model that was trained in this folder cannot be used.
    """

    folder: Path
    why: str
    fault: str | None = None

    @property
    def report(self) -> str | None:
        """One line that names the model; None for the bundled one, if no other was expected."""
        if self.fault:
            return f"model: the bundled one, for {MARKER} {self.fault}"
        return None if self.why == _BUNDLED else f"model: {self}"

    def __str__(self) -> str:
        return f"{printable(str(self.folder))} ({self.why})"


def find_model(named: str | Path | None = None) -> Choice:
    """Choose the model that is used, by the rule of this module.

    Parameters
    ----------
    named : str or Path, optional
        The folder of a model; without it the rule goes on with the environment.

    Raises
    ------
    ModelError
        If ``WINDOWCLF_MODEL`` names a folder without a model, or the bundled model is missing.
    """
    if named is not None:
        return Choice(Path(named), "--model")
    if variable := os.environ.get(VARIABLE):
        if not (Path(variable) / MANIFEST).is_file():
            raise ModelError(
                f"{VARIABLE}: {printable(variable)} is not the folder of a model: name another "
                "one, or unset the variable"
            )
        return Choice(Path(variable), VARIABLE)
    noted, fault = _read_marker()
    if noted:
        return Choice(noted, "trained in this folder")
    bundled = data_path("model")
    if not (bundled / MANIFEST).is_file():
        raise ModelError("no model yet: train one with 'windowclf train', or name one with `model`")
    return Choice(bundled, _BUNDLED, fault)


def remember(folder: Path) -> None:
    """Note a model as the last one trained in the current directory, if it is inside it.

    Raises
    ------
    OSError
        If the note cannot be written.
    """
    here = Path.cwd()
    inside = folder.resolve()
    if inside.is_relative_to(here):
        text = os.fsencode(inside.relative_to(here)) + b"\n"
        write_whole(here / MARKER, lambda temporary: temporary.write_bytes(text))


def _read_marker() -> tuple[Path | None, str | None]:
    """Return the model that the marker names, if it can be used; else why it cannot, if known."""
    try:
        with Path(MARKER).open("rb") as file:
            text = file.read(_LONGEST + 1)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        return None, f"cannot be read: {error.strerror}"
    if len(text) > _LONGEST or not text.strip() or b"\0" in text or b"\n" in text.rstrip(b"\n"):
        return None, "is damaged: expected the path of a model"
    path = Path(os.fsdecode(text.rstrip(b"\n")))
    if path.is_absolute() or ".." in path.parts:
        return None, f"leads out of this folder, to {printable(str(path))}"
    if not (path / MANIFEST).is_file():
        return None, f"names {printable(str(path))}, which holds no model"
    return path, None
