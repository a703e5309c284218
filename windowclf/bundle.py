"""A model folder: safetensors and JSON, written whole or not at all.

``model.json`` names the other files, their sizes and their checksums. Each of those has a part
of its checksum in its name, so a new model never writes over a file of the old one, and the
folder changes from one model to the next in the moment in which ``model.json`` is replaced.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from windowclf.errors import ModelError
from windowclf.files import write_whole
from windowclf.lexicon.lexicon import Lexicon
from windowclf.manifest import (
    FORMAT,
    KINDS,
    MANIFEST,
    Manifest,
    file_entry,
    read_file,
    read_manifest,
)
from windowclf.model import Model, assemble, make_objective, score_count
from windowclf.nn.arrays import FloatArray
from windowclf.nn.network import Network, layer_names
from windowclf.training.history import TrainingRecord


def save_model(model: Model, folder: Path) -> None:
    """Write a model folder; an earlier model in it stays whole until the new one is.

    Parameters
    ----------
    model : Model
    folder : Path
        Is made if it is not there.

    Raises
    ------
    ModelError
        If it cannot be written, or holds something else than a model.
    """
    parameters = model.parameters()
    contents = {
        # safetensors writes arrays of another memory order wrongly
        "parameters": save({n: np.ascontiguousarray(p.value) for n, p in parameters.items()}),
        "lexicon": msgspec.json.encode(model.lexicon.values),
        "training": msgspec.json.format(msgspec.json.encode(model.record)),
    }
    files = {kind: file_entry(kind, content) for kind, content in contents.items()}
    manifest = Manifest(
        format=FORMAT,
        labels=model.labels,
        scheme=model.scheme,
        cased=model.lexicon.cased,
        config=model.config,
        files=files,
    )
    manifest = msgspec.structs.replace(manifest, sha256=manifest.checksum())
    text = msgspec.json.format(msgspec.json.encode(manifest))
    check_output(folder)
    before = _files_of(folder)
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind, content in contents.items():
            name = files[kind].name
            write_whole(folder / name, partial(_write, content=content))
            if name not in before:
                written.append(folder / name)
        write_whole(folder / MANIFEST, partial(_write, content=text))
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise ModelError(
            f"{error.filename or folder}: cannot write the model: {error.strerror}"
        ) from None
    for name in before - {entry.name for entry in files.values()}:
        with suppress(OSError):  # the model is whole, whatever stays beside it
            (folder / name).unlink()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _files_of(folder: Path) -> set[str]:
    """Name the files of the model that a folder holds; none if it holds no whole one."""
    try:
        return {entry.name for entry in read_manifest(folder).files.values()}
    except ModelError:
        return set()


def check_output(folder: Path) -> None:
    """Refuse a folder into which a model cannot be written, before any work is done.

    Raises
    ------
    ModelError
        If it is a file, holds something else than a model, or cannot be written to.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise ModelError(f"{folder}: is a file: expected a folder, new or with a model")
        if folder.is_dir():
            if any(folder.iterdir()) and not (folder / MANIFEST).exists():
                raise ModelError(
                    f"{folder}: holds files but no model: give a new or an empty folder"
                )
            write_whole(folder / ".writable", Path.touch)
            (folder / ".writable").unlink()
        else:
            folder.mkdir(parents=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot write the model there: {error.strerror}") from None


def load_model(folder: Path) -> Model:
    """Read a model folder.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If it is missing, damaged, or written by a newer windowclf.
    """
    manifest = read_manifest(folder)
    contents = {kind: read_file(folder, manifest, kind) for kind in KINDS}
    try:
        arrays: dict[str, FloatArray] = load(contents["parameters"])
        values = msgspec.json.decode(contents["lexicon"], type=dict[str, list[str]])
        record = msgspec.json.decode(contents["training"], type=TrainingRecord | None)
    except (SafetensorError, msgspec.MsgspecError, ValueError, KeyError) as error:
        raise ModelError(f"{folder}: damaged model: {error}; train or fetch it again") from None
    if list(values) != ["word", *manifest.config.features]:
        raise ModelError(f"{folder}: damaged model: its lexicon has other features than its config")
    lexicon = Lexicon(values, cased=manifest.cased)
    objective = make_objective(manifest.config, manifest.labels, manifest.scheme)
    network = _network(folder, manifest, lexicon, arrays)
    for name, parameter in objective.parameters().items():
        parameter.value = _take(folder, arrays, name, parameter.value.shape)
    return Model(
        manifest.config, lexicon, manifest.labels, manifest.scheme, network, objective, record
    )


def _network(
    folder: Path, manifest: Manifest, lexicon: Lexicon, arrays: Mapping[str, FloatArray]
) -> Network:
    """Put the network together, each array held to the shape that the rest asks for."""
    config = manifest.config
    tables = {
        name: _take(folder, arrays, f"L_{name}", (rows, -1))
        for name, rows in lexicon.sizes().items()
    }
    dimensions = sum(table.shape[1] for table in tables.values())
    sizes = [*config.hidden, score_count(config, manifest.labels)]
    shapes = [(dimensions, config.window, sizes[0]), *pairwise(sizes)]
    names = layer_names(len(sizes))
    return assemble(
        config,
        tables,
        [_take(folder, arrays, w, shape) for (w, _), shape in zip(names, shapes, strict=True)],
        [_take(folder, arrays, b, (size,)) for (_, b), size in zip(names, sizes, strict=True)],
    )


def _take(
    folder: Path, arrays: Mapping[str, FloatArray], name: str, shape: tuple[int, ...]
) -> FloatArray:
    """Take an array of a given shape; -1 stands for any length."""
    array = arrays.get(name)
    if array is None:
        raise ModelError(f"{folder}: damaged model: parameter {name} is missing")
    fits = array.ndim == len(shape) and all(
        want in (-1, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != np.float32:
        raise ModelError(
            f"{folder}: damaged model: parameter {name} is {array.dtype} {array.shape}, "
            f"expected float32 {shape}"
        )
    return array
