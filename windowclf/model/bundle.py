"""The files of a model: safetensors and JSON, in a folder that is written atomically.

``model.json`` lists the other files with their sizes and checksums. The name of each file contains
a part of its checksum, so a new model never overwrites a file of the old one, and the folder
switches to the new model at the moment when ``model.json`` is replaced.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from itertools import pairwise
from mmap import mmap
from pathlib import Path

import msgspec

from windowclf.config.config import WIDEST_LAYER
from windowclf.errors import DataError, ModelError
from windowclf.lexicon.lexicon import BROWN, FLAT, GAZETTEER, Lexicon
from windowclf.lexicon.packed_values import PackedValues
from windowclf.model.build import assemble, make_objective, own_scheme, score_count
from windowclf.model.lexicon_file import pack_lexicon, read_lexicon
from windowclf.model.manifest import (
    FORMAT,
    KINDS,
    MANIFEST,
    TIMES,
    Manifest,
    checked_meanwhile,
    damaged,
    file_entry,
    map_file,
    parse_manifest,
    read_manifest,
    take_file,
)
from windowclf.model.model import MOST_LABELS, Model
from windowclf.model.parameter_file import ParameterFile, pack_parameters
from windowclf.model.record import (
    TrainingRecord,
    add_times,
    pack_times,
    without_times,
)
from windowclf.nn.network import Network, layer_names
from windowclf.nn.parameter import Parameter, TableParameter
from windowclf.nn.quantised_table import QuantisedTable
from windowclf.system.files import write_whole
from windowclf.tags.arrays import SpanFinder
from windowclf.tags.schemes import OUTSIDE, Scheme

_LARGEST_TIMES = 2**22


def pack_model(
    model: Model, *, compress: bool = False, zip_lexicon: bool = True
) -> dict[str, bytes]:
    """Make the files of a model.

    Parameters
    ----------
    model : Model
        The model; one that was read from compressed files is not rounded again.
    compress : bool
        Whether to round the parameters to a third of their size, for tagging.
    zip_lexicon : bool
        Whether to pack the lexicon of a compressed model, which takes seconds and saves megabytes.

    Returns
    -------
    dict of str to bytes
        The content of each file by its name, with `MANIFEST` and then `TIMES` last. The same
        model always gives the same files.
    """
    record = model.record
    parameters = model.parameters() | first_pass_parameters(model.first_pass)
    compress |= any(isinstance(parameter, QuantisedTable) for parameter in parameters.values())
    lexicon, lexicon_suffix = pack_lexicon(model.lexicon.values, compress=compress and zip_lexicon)
    contents = {
        "parameters": pack_parameters(parameters, compress=compress),
        "lexicon": lexicon,
        "training": msgspec.json.format(msgspec.json.encode(record and without_times(record))),
    }
    suffixes = (".safetensors", lexicon_suffix, ".json")
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
    ).sealed()
    files = {entries[kind].name: content for kind, content in contents.items()}
    files[MANIFEST] = msgspec.json.format(msgspec.json.encode(manifest))
    return files | ({TIMES: pack_times(record, entries["training"].name)} if record else {})


def save_model(model: Model, folder: Path, *, compress: bool = False) -> None:
    """Write a model folder; an earlier model in it remains intact until the new one is complete.

    Parameters
    ----------
    model : Model
        The model; one that was read from a compressed folder is not rounded again.
    folder : Path
        Created if it does not exist.
    compress : bool
        Whether to round the parameters to a third of their size, for tagging.

    Raises
    ------
    ModelError
        If the folder cannot be written, or contains anything but a model.
    """
    from windowclf.model.folder import check_output, without_report

    files = pack_model(model, compress=compress)
    times = files.pop(TIMES, None)
    made = not folder.exists()
    check_output(folder)
    before = _files_of(folder)
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with without_report(folder, files[MANIFEST]):
            for name, content in files.items():
                write_whole(folder / name, partial(_write, content=content))
                if name not in before and name != MANIFEST:
                    written.append(folder / name)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise ModelError(
            f"{error.filename or folder}: cannot write the model: {error.strerror}"
        ) from None
    with suppress(OSError):  # the model is complete, even if other files cannot be changed
        if times is not None:
            write_whole(folder / TIMES, partial(_write, content=times))
    for name in before - files.keys():
        with suppress(OSError):
            (folder / name).unlink()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _files_of(folder: Path) -> set[str]:
    """List the files of the model in a folder; empty if there is no complete model."""
    try:
        return {entry.name for entry in read_manifest(folder).files.values()}
    except ModelError:
        return set()


def load_model(folder: Path) -> Model:
    """Read a model folder.

    Returns
    -------
    Model
        The model. Its lookup tables remain on disk, and only the rows in use are read.

    Raises
    ------
    ModelError
        If the folder is missing, damaged, or written by a newer windowclf.
    """
    manifest = read_manifest(folder)
    read = partial(map_file, folder, manifest, check=False)
    with checked_meanwhile(folder, manifest):
        return _unpack(folder, manifest, read, _read_times(folder))


def unpack_model(files: Mapping[str, bytes], where: str) -> Model:
    """Assemble a model from the files that `pack_model` made.

    Parameters
    ----------
    where : str
        Name of the files in error messages.

    Raises
    ------
    ModelError
        If the files are damaged, or written by a newer windowclf.
    """
    folder = Path(where)
    manifest = parse_manifest(files.get(MANIFEST, b""), folder / MANIFEST)
    take = partial(take_file, files, folder, manifest)
    return _unpack(folder, manifest, take, files.get(TIMES, b""))


def _read_times(folder: Path) -> bytes:
    """Read the times of a training; empty if there are none."""
    path = folder / TIMES
    with suppress(OSError, ValueError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(_LARGEST_TIMES)
    return b""


def _unpack(
    folder: Path, manifest: Manifest, read: Callable[[str], mmap | bytearray], times: bytes
) -> Model:
    try:
        _check_labels(manifest)
        parameters, lexicon, training = map(read, KINDS)
        arrays = ParameterFile(folder, parameters)
        values = read_lexicon(lexicon)
        record = msgspec.json.decode(training[:], type=TrainingRecord | None)
        record = record and add_times(record, manifest.files["training"].name, times)
        features = ["word", *manifest.config.features]
        names = values.names if isinstance(values, PackedValues) else list(values)
        if names[: len(features)] != features or not all(
            name.startswith((GAZETTEER, BROWN, FLAT)) for name in names[len(features) :]
        ):
            raise ValueError("the features of its lexicon differ from its config")
        prefixes = manifest.config.cluster_prefixes
        known = Lexicon(values, cased=manifest.cased, prefixes=prefixes)
        network = _network(manifest, known, arrays)
        first_pass = _first_pass(network, arrays)
        if first_pass and manifest.scheme is Scheme.PLAIN:
            raise ValueError("a first pass, although its labels are not spans")
    except (ValueError, RecursionError) as error:
        raise damaged(folder, error) from None
    # Made last: the checks above bound the number of labels, and thereby the size of its arrays.
    objective = make_objective(manifest.config, manifest.labels, manifest.scheme)
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
        first_pass=first_pass,
    )


def _check_labels(manifest: Manifest) -> None:
    """Raise a ValueError unless the labels fit their scheme, and the scheme fits the config."""
    config, labels = manifest.config, manifest.labels
    if not labels or len(labels) > MOST_LABELS or len(set(labels)) < len(labels):
        raise ValueError(f"{len(labels)} labels: expected 1 to {MOST_LABELS:,} distinct ones")
    if manifest.scheme is not own_scheme(manifest.scheme, config):
        raise ValueError(f"labels in {manifest.scheme}, which does not fit its config")
    if config.loss == "ranking" and labels != [OUTSIDE, f"I-{config.positive}"]:
        raise ValueError(f"labels other than {OUTSIDE} and the label of ranking")
    if "" in labels or (manifest.scheme is not Scheme.PLAIN and OUTSIDE not in labels):
        raise ValueError(f"an empty label, or no {OUTSIDE}")
    try:
        SpanFinder(labels, manifest.scheme)
    except DataError as error:
        raise ValueError(str(error)) from None


def first_pass_parameters(first_pass: Network | None) -> dict[str, Parameter]:
    """Return the parameters of a first pass by name, without the network's lookup tables."""
    if first_pass is None:
        return {}
    own = first_pass.parameters().items()
    return {f"first_pass.{n}": p for n, p in own if not isinstance(p, TableParameter)}


def _first_pass(network: Network, arrays: ParameterFile) -> Network | None:
    """Assemble the first pass; version 0.1.0 wrote none, but reads models that have one."""
    if "first_pass.W1" not in arrays:
        return None
    d, window, _ = network.weights[0].shape
    W = arrays.array("first_pass.W1", (d, window, -1))
    hidden = W.shape[2]
    shapes = {"b1": (hidden,), "U": (hidden, 2), "b_u": (2,), "W_s": (d, hidden)}
    b, U, b_u, W_s = (arrays.array(f"first_pass.{n}", shape) for n, shape in shapes.items())
    first_pass = Network({}, [W, U], [b, b_u], activation="relu", sentence_weight=W_s)
    first_pass.tables = network.tables
    return first_pass


def _network(manifest: Manifest, lexicon: Lexicon, arrays: ParameterFile) -> Network:
    """Assemble the network, and check the shape of each array against the others."""
    config = manifest.config
    tables = {name: arrays.table(f"L_{name}", rows) for name, rows in lexicon.sizes().items()}
    dimensions = sum(table.shape[1] for table in tables.values())
    sizes = [*config.hidden, score_count(config, manifest.labels)]
    if dimensions > WIDEST_LAYER:
        raise ValueError(f"vectors of length {dimensions:,}: expected at most {WIDEST_LAYER:,}")
    shapes = [(dimensions, config.window, sizes[0]), *pairwise(sizes)]
    names = layer_names(len(sizes))
    network = assemble(
        config,
        {},
        [arrays.array(w, shape) for (w, _), shape in zip(names, shapes, strict=True)],
        [arrays.array(b, (size,)) for (_, b), size in zip(names, sizes, strict=True)],
        arrays.array("W_s", (dimensions, sizes[0])) if config.sentence_mean else None,
        arrays.array("g", (sizes[0],)) if config.document_context else None,
    )
    network.tables = tables
    return network
