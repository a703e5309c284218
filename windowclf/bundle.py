"""A model folder: safetensors and JSON, written whole or not at all.

``model.json`` names the other files, their sizes and their checksums. Each of those has a part
of its checksum in its name, so a new model never writes over a file of the old one, and the
folder changes from one model to the next in the moment in which ``model.json`` is replaced.
"""

from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import msgspec

from windowclf.assembly import assemble, make_objective, score_count
from windowclf.errors import ModelError
from windowclf.files import write_whole
from windowclf.lexicon.lexicon import GAZETTEER, Lexicon
from windowclf.lexicon.lexicon_file import pack_values, unpack_values
from windowclf.manifest import (
    FORMAT,
    KINDS,
    MANIFEST,
    Manifest,
    file_entry,
    map_file,
    read_manifest,
)
from windowclf.model import Model
from windowclf.nn.network import Network, layer_names
from windowclf.nn.quantised_table import QuantisedTable
from windowclf.parameter_file import ParameterFile, pack_parameters
from windowclf.training.history import TrainingRecord


def save_model(model: Model, folder: Path, *, compress: bool = False) -> None:
    """Write a model folder; an earlier model in it stays whole until the new one is.

    Parameters
    ----------
    model : Model
        One that came out of a compressed folder is written as it was there.
    folder : Path
        Is made if it is not there.
    compress : bool
        Whether to round the parameters to a third of their size, for tagging.

    Raises
    ------
    ModelError
        If it cannot be written, or holds something else than a model.
    """
    parameters = model.parameters()
    compress |= any(isinstance(parameter, QuantisedTable) for parameter in parameters.values())
    contents = {
        "parameters": pack_parameters(parameters, compress=compress),
        "lexicon": pack_values(model.lexicon.values, compress=compress),
        "training": msgspec.json.format(msgspec.json.encode(model.record)),
    }
    suffixes = (".safetensors", ".json.gz" if compress else ".json", ".json")
    files = {
        kind: file_entry(kind, suffix, content)
        for (kind, content), suffix in zip(contents.items(), suffixes, strict=True)
    }
    manifest = Manifest(
        format=FORMAT,
        labels=model.labels,
        scheme=model.scheme,
        cased=model.lexicon.cased,
        config=model.config,
        calibration=model.calibration,
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
        Its lookup tables stay on the disk, and only the rows that are used are read.

    Raises
    ------
    ModelError
        If it is missing, damaged, or written by a newer windowclf.
    """
    manifest = read_manifest(folder)
    parameters, lexicon, training = (map_file(folder, manifest, kind) for kind in KINDS)
    try:
        arrays = ParameterFile(folder, parameters)
        values = unpack_values(lexicon[:])
        record = msgspec.json.decode(training[:], type=TrainingRecord | None)
    except ValueError as error:
        raise ModelError(f"{folder}: damaged model: {error}; train or fetch it again") from None
    features = [name for name in values if not name.startswith(GAZETTEER)]
    if features != ["word", *manifest.config.features]:
        raise ModelError(f"{folder}: damaged model: its lexicon has other features than its config")
    known = Lexicon(values, cased=manifest.cased)
    objective = make_objective(manifest.config, manifest.labels, manifest.scheme)
    network = _network(manifest, known, arrays)
    for name, parameter in objective.parameters().items():
        parameter.value = arrays.array(name, parameter.shape)
    return Model(
        manifest.config,
        known,
        manifest.labels,
        manifest.scheme,
        network,
        objective,
        manifest.calibration,
        record,
    )


def _network(manifest: Manifest, lexicon: Lexicon, arrays: ParameterFile) -> Network:
    """Put the network together, each array held to the shape that the rest asks for."""
    config = manifest.config
    tables = {name: arrays.table(f"L_{name}", rows) for name, rows in lexicon.sizes().items()}
    dimensions = sum(table.shape[1] for table in tables.values())
    sizes = [*config.hidden, score_count(config, manifest.labels)]
    shapes = [(dimensions, config.window, sizes[0]), *pairwise(sizes)]
    names = layer_names(len(sizes))
    network = assemble(
        config,
        {},
        [arrays.array(w, shape) for (w, _), shape in zip(names, shapes, strict=True)],
        [arrays.array(b, (size,)) for (_, b), size in zip(names, sizes, strict=True)],
        arrays.array("W_s", (dimensions, sizes[0])) if config.sentence_mean else None,
        arrays.array("g", (sizes[0],)) if config.repeats else None,
    )
    network.tables = tables
    return network
