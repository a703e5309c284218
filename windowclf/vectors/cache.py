"""Parsed vectors kept on disk, so that a big file is parsed only once.

A cache may vanish, be damaged or be refused a place at any time: none of these is an error,
the file is then parsed again. Nothing here is pickled.
"""

import contextlib
import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from windowclf.system.files import write_whole
from windowclf.vectors.word_vectors import WordRows, pack_words, unpack_words

_FORMAT = "2"


def cache_folder() -> Path:
    """Return the folder for files that can be made again: WINDOWCLF_CACHE, or the system's own.

    Returns
    -------
    Path
    """
    return Path(os.environ.get("WINDOWCLF_CACHE") or platformdirs.user_cache_dir("windowclf"))


def cached(source: Path, limit: int | None, parse: Callable[[], WordRows]) -> WordRows:
    """Read the vectors of `source` from the cache, or parse and remember them.

    Parameters
    ----------
    source : Path
        The file that `parse` reads; it counts as changed with its size or modification time.
    limit : int or None
        How many words `parse` keeps.
    parse : callable
        Called without arguments when the cache has nothing usable.

    Returns
    -------
    WordRows
    """
    state = source.stat()
    # A changed source overwrites its old entry: only the path and the limit make the name.
    whose = os.fsencode(source.resolve()) + f"\0{limit}".encode()
    name = hashlib.sha256(whose).hexdigest()[:24]
    entry = cache_folder() / "vectors" / f"{name}.safetensors"
    key = {
        "format": _FORMAT,
        "name": name,  # an entry that was moved here from another name is of another file
        "size": str(state.st_size),
        "mtime": str(state.st_mtime_ns),
    }
    found = _read(entry, key)
    if found is None:
        found = parse()
        with contextlib.suppress(OSError, SafetensorError):  # a full or unwritable disk
            _write(entry, key, found)
    return found


def _read(entry: Path, key: dict[str, str]) -> WordRows | None:
    try:
        with safe_open(entry, framework="numpy") as tensors:
            metadata = tensors.metadata()
            if metadata is None or {name: metadata.get(name) for name in key} != key:
                return None
            packed, rows = tensors.get_tensor("words"), tensors.get_tensor("rows")
        words = unpack_words(packed)
    except (OSError, SafetensorError, ValueError):
        return None
    # A word that holds a newline, as a binary file may have it, comes back as two.
    intact = (
        metadata.get("crc32") == _checksum(packed, rows)
        and rows.dtype == np.float32
        and rows.ndim == 2
        and len(words) == len(rows)
    )
    return WordRows(words, rows) if intact else None


def _write(entry: Path, key: dict[str, str], vectors: WordRows) -> None:
    packed = pack_words(vectors.words)
    rows = np.ascontiguousarray(vectors.rows)
    entry.parent.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, NDArray[Any]] = {"words": packed, "rows": rows}
    metadata = key | {"crc32": _checksum(packed, rows)}
    write_whole(entry, lambda path: save_file(tensors, path, metadata=metadata))


def _checksum(packed: NDArray[np.uint8], rows: NDArray[np.float32]) -> str:
    return str(zlib.crc32(np.ascontiguousarray(rows).data, zlib.crc32(packed.data)))
