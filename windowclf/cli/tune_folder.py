"""The folder of ``windowclf tune``: what its search was asked for, and who may search there."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from windowclf.cli.options import given_settings
from windowclf.config.config import RENAMED, Config
from windowclf.errors import ModelError, UsageError


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What makes a search the same search."""

    options: dict[str, Any]
    given: dict[str, Any]
    search: list[str]
    trials: int


def make_asked(options: dict[str, Any], searched: tuple[str, ...], trials: int) -> Asked:
    """Put together what the command line said."""
    names = {"preset", *Config.__struct_fields__, *RENAMED}
    rest = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if name not in names
    }
    given = given_settings(options)
    return Asked(options=rest, given=given, search=list(searched), trials=trials)


def read_asked(folder: Path) -> Asked:
    """Read what the search that goes on was asked for.

    Raises
    ------
    ModelError
        If there is none in the folder, or it was not begun by ``windowclf tune``.
    """
    from windowclf.tuning import study

    found = study.read_asked(folder)
    if found is None:
        raise ModelError(
            f"{folder}: no search to go on with: expected a folder of 'windowclf tune --output'"
        )
    return _convert(found, folder)


def _convert(found: Any, folder: Path) -> Asked:
    try:
        return msgspec.convert(found, Asked)
    except msgspec.ValidationError as error:
        raise ModelError(f"{folder}: not a search of 'windowclf tune': {error}") from None


@contextmanager
def search_folder(folder: Path, asked: Asked) -> Iterator[None]:
    """Keep other searches out of the folder, and those of other options; leave no empty one.

    Raises
    ------
    ModelError
        If it holds something else, or another process searches there.
    UsageError
        If it holds a search with other options.
    """
    from windowclf.system.locks import exclusive_lock
    from windowclf.tuning import study

    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise ModelError(f"{folder}: cannot search there: {error.strerror}") from None
    with exclusive_lock(folder, "search"):
        if there and study.STUDY not in there:
            raise ModelError(f"{folder}: holds files but no search: give a new or an empty folder")
        before = study.read_asked(folder)
        if before is not None:
            earlier = msgspec.structs.replace(_convert(before, folder), trials=asked.trials)
            if msgspec.to_builtins(earlier) != msgspec.to_builtins(asked):
                raise UsageError(
                    f"{folder}: holds a search with other options: {_differing(earlier, asked)}; "
                    f"go on with --resume {shlex.quote(str(folder))}, or give another --output"
                )
        try:
            yield
        finally:
            if not any(folder.iterdir()):
                folder.rmdir()


def _differing(earlier: Asked, asked: Asked) -> str:
    """Name the options that are not the same."""
    pairs = [(one.options | one.given | {"search": one.search}) for one in (earlier, asked)]
    names = sorted(pairs[0].keys() | pairs[1].keys())
    return ", ".join(
        f"--{name.replace('_', '-')}" for name in names if pairs[0].get(name) != pairs[1].get(name)
    )
