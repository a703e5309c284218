"""The values of a lexicon as a file: JSON, or packed where the size matters."""

import zlib
from collections.abc import Mapping, Sequence
from mmap import mmap

import msgspec

from windowclf.lexicon.packed_values import MAGIC, PackedValues
from windowclf.lexicon.packing import pack_words

_GZIP = 31  # zlib's code for a window of 32 KiB with a gzip header
_MAGIC = b"\x1f\x8b"  # JSON never begins with these bytes
_MOST_TIMES = 100  # largest accepted decompression ratio; lists of names reach about 3
_ALWAYS = 2**20  # size in bytes that is always accepted
_LARGEST = 2**30


def pack_lexicon(values: Mapping[str, Sequence[str]], *, compress: bool) -> tuple[bytes, str]:
    """Write the values of a lexicon as the file of a model.

    Parameters
    ----------
    values : mapping of str to sequence of str
        The values of a `Lexicon`; they may contain any characters.
    compress : bool
        Whether to pack the values into less than half of the size, so that a few words are found
        without reading the rest. Values that cannot be packed become gzipped JSON.

    Returns
    -------
    content : bytes
        The content of the file, always the same for the same values.
    suffix : str
        Suffix of the file name.
    """
    packed = pack_words(values) if compress else None
    if packed is not None:
        return packed, ".words"
    content = pack_values(values, compress=compress)
    return content, ".json.gz" if content.startswith(_MAGIC) else ".json"


def read_lexicon(content: mmap | bytearray) -> Mapping[str, Sequence[str]] | PackedValues:
    """Read the result of `pack_lexicon`; packed words are read when they are looked up.

    Raises
    ------
    ValueError
        As for `unpack_values`.
    """
    if content[: len(MAGIC)] == MAGIC:
        return PackedValues(content)
    return unpack_values(bytes(content[:]))


def pack_values(values: Mapping[str, Sequence[str]], *, compress: bool) -> bytes:
    """Write the values of a lexicon as JSON.

    Parameters
    ----------
    values : mapping of str to sequence of str
        The values of a `Lexicon`; they may contain any characters.
    compress : bool
        Whether to use gzip, for less than half of the size and twice the reading time. Values that
        shrink more than `unpack_values` accepts are not compressed.

    Returns
    -------
    bytes
        The content of the file, always the same for the same values.
    """
    try:
        text = msgspec.json.encode(values)
    except UnicodeEncodeError:  # a token from Python may contain half of a surrogate pair
        import json

        text = json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if not compress:
        return text
    packed = zlib.compress(text, level=9, wbits=_GZIP)
    return packed if len(text) <= _most(packed) else text


def unpack_values(content: bytes) -> dict[str, list[str]]:
    """Read the result of `pack_values`.

    Raises
    ------
    ValueError
        If the content is invalid, or a small file would expand to a very large text.
    """
    text = _unzip(content) if content.startswith(_MAGIC) else content
    try:
        return msgspec.json.decode(text, type=dict[str, list[str]])
    except ValueError:  # raised by msgspec; the subclass depends on its version
        try:
            text.decode()
        except UnicodeDecodeError:
            pass
        else:
            raise
        import json

        try:
            values = json.loads(text.decode("utf-8", "surrogatepass"))
        except RecursionError:
            raise ValueError("arrays nested too deeply") from None
        return msgspec.convert(values, dict[str, list[str]])


def _most(packed: bytes) -> int:
    """Return the largest accepted size of the text, so that no file can fill the memory."""
    return min(max(_MOST_TIMES * len(packed), _ALWAYS), _LARGEST)


def _unzip(content: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    most = _most(content)
    try:
        text = stream.decompress(content, most)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not stream.eof:
        raise ValueError(f"the gzipped text is cut off, or more than {most:,} bytes")
    return text
