"""A model as files: safetensors and JSON. A folder of them is written whole or not at all.

``model.json`` names the other files, their sizes and their checksums. Each of those has a part
of its checksum in its name, so a new model never writes over a file of the old one, and the
folder changes from one model to the next in the moment in which ``model.json`` is replaced.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from itertools import pairwise
from mmap import mmap
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
    parse_manifest,
    read_manifest,
    take_file,
)
from windowclf.model import Model
from windowclf.nn.network import Network, layer_names
from windowclf.nn.quantised_table import QuantisedTable
from windowclf.parameter_file import ParameterFile, pack_parameters
from windowclf.training.history import TrainingRecord


def pack_model(
    model: Model, *, compress: bool = False, zip_lexicon: bool = True
) -> dict[str, bytes]:
    """Make the files of a model.

    Parameters
    ----------
    model : Model
        One that came out of compressed files is packed as it was there.
    compress : bool
        Whether to round the parameters to a third of their size, for tagging.
    zip_lexicon : bool
        Whether the lexicon of a compressed model is gzipped: that takes half a second, and saves
        a megabyte.

    Returns
    -------
    dict of str to bytes
        The content of each file by its name, `MANIFEST` last; the same for the same model.
    """
    parameters = model.parameters()
    compress |= any(isinstance(parameter, QuantisedTable) for parameter in parameters.values())
    zipped = compress and zip_lexicon
    contents = {
        "parameters": pack_parameters(parameters, compress=compress),
        "lexicon": pack_values(model.lexicon.values, compress=zipped),
        "training": msgspec.json.format(msgspec.json.encode(model.record)),
    }
    suffixes = (".safetensors", ".json.gz" if zipped else ".json", ".json")
    entries = {
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
        files=entries,
    )
    manifest = msgspec.structs.replace(manifest, sha256=manifest.checksum())
    files = {entries[kind].name: content for kind, content in contents.items()}
    return {**files, MANIFEST: msgspec.json.format(msgspec.json.encode(manifest))}


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
    files = pack_model(model, compress=compress)
    check_output(folder)
    before = _files_of(folder)
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_whole(folder / name, partial(_write, content=content))
            if name not in before and name != MANIFEST:
                written.append(folder / name)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise ModelError(
            f"{error.filename or folder}: cannot write the model: {error.strerror}"
        ) from None
    for name in before - files.keys():
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
    return _unpack(folder, manifest, partial(map_file, folder, manifest))


def unpack_model(files: Mapping[str, bytes], where: str) -> Model:
    """Put a model together from the files that `pack_model` made.

    Parameters
    ----------
    files : mapping of str to bytes
    where : str
        What error messages call them.

    Raises
    ------
    ModelError
        If they are damaged, or written by a newer windowclf.
    """
    folder = Path(where)
    manifest = parse_manifest(files.get(MANIFEST, b""), folder / MANIFEST)
    return _unpack(folder, manifest, partial(take_file, files, folder, manifest))


def _unpack(folder: Path, manifest: Manifest, read: Callable[[str], mmap | bytearray]) -> Model:
    parameters, lexicon, training = map(read, KINDS)
    try:
        arrays = ParameterFile(folder, parameters)
        values = unpack_values(bytes(lexicon[:]))
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
