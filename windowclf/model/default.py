"""Choice of the default model.

Commands and `windowclf.load` use the first of these models that there is:

1. the model of ``--model``, or of the argument of `load`;
2. the model in the environment variable ``WINDOWCLF_MODEL``;
3. the last model that ``windowclf train`` wrote in the current directory or below it;
4. the bundled model.

Training records its model in a file of the directory it was started in. The path in the file is
relative, so it remains right if the directory is moved, and it cannot lead out of the directory.
"""

import os
from pathlib import Path
from typing import NamedTuple

from windowclf.errors import ModelError, printable
from windowclf.model.manifest import MANIFEST
from windowclf.system.files import write_whole
from windowclf.system.resources import data_path

MARKER = ".windowclf-model"
"""Name of the file in which training records the path of its model."""
VARIABLE = "WINDOWCLF_MODEL"
BUNDLED = "bundled"
"""Names the bundled model; a folder of this name is ``./bundled``."""
_LONGEST = 4096  # bytes; file systems do not have longer paths


class Choice(NamedTuple):
    """The chosen model.

    Attributes
    ----------
    folder : Path
        Folder of the model; loading detects missing or damaged files.
    why : str
        The option or variable that named the model, "trained in this folder", or "bundled".
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
            return f"model: the bundled one, because {MARKER} {self.fault}"
        return None if self.why == BUNDLED else f"model: {self}"

    def __str__(self) -> str:
        return f"{printable(str(self.folder))} ({self.why})"


def find_model(named: str | Path | None = None) -> Choice:
    """Choose a model by the rule of this module.

    Parameters
    ----------
    named : str or Path, optional
        The folder of a model, or "bundled"; by default the choice continues with the environment.

    Raises
    ------
    ModelError
        If ``WINDOWCLF_MODEL`` names a folder without a model, or the bundled model is missing.
    """
    if named == BUNDLED:
        return _bundled()
    if named is not None:
        return Choice(Path(named), "--model")
    if variable := os.environ.get(VARIABLE):
        if not (Path(variable) / MANIFEST).is_file():
            raise ModelError(
                f"{VARIABLE}: {printable(variable)} is not a model folder: set another one, or "
                "unset the variable"
            )
        return Choice(Path(variable), VARIABLE)
    noted, fault = _read_marker()
    return Choice(noted, "trained in this folder") if noted else _bundled(fault)


def _bundled(fault: str | None = None) -> Choice:
    folder = data_path("model")
    if not (folder / MANIFEST).is_file():
        raise ModelError("no model yet: train one with 'windowclf train', or name one with `model`")
    return Choice(folder, BUNDLED, fault)


def remember(folder: Path) -> None:
    """Record a model as the last one trained in the current directory, if it is inside it.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    here = Path.cwd()
    inside = folder.resolve()
    if inside.is_relative_to(here):
        text = os.fsencode(inside.relative_to(here)) + b"\n"
        write_whole(here / MARKER, lambda temporary: temporary.write_bytes(text))


def _read_marker() -> tuple[Path | None, str | None]:
    """Return the model that the marker names if it is usable, else the reason if there is one."""
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
        return None, f"names {printable(str(path))}, which is not a model"
    return path, None
