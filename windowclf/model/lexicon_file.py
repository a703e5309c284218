"""The values of a lexicon as a file: JSON, or packed where the size counts."""

import zlib
from collections.abc import Mapping, Sequence
from mmap import mmap

import msgspec

from windowclf.lexicon.packed_values import MAGIC, PackedValues
from windowclf.lexicon.packing import pack_words

_GZIP = 31  # what zlib calls a window of 32 KiB with gzip's header
_MAGIC = b"\x1f\x8b"  # JSON never begins so
_MOST_TIMES = 100  # as long as the packed text may the unpacked one be; names are three times
_ALWAYS = 2**20  # bytes that any may be
_LARGEST = 2**30


def pack_lexicon(values: Mapping[str, Sequence[str]], *, compress: bool) -> tuple[bytes, str]:
    """Write the values of a lexicon as the file of a model.

    Parameters
    ----------
    values : mapping of str to sequence of str
        As `Lexicon` takes them; any characters.
    compress : bool
        Whether to pack: less than half of the size, and a few words are found without reading
        the rest. What cannot be packed is gzipped JSON.

    Returns
    -------
    content : bytes
        The same for the same values.
    suffix : str
        Of the name of the file.
    """
    packed = pack_words(values) if compress else None
    if packed is not None:
        return packed, ".words"
    content = pack_values(values, compress=compress)
    return content, ".json.gz" if content.startswith(_MAGIC) else ".json"


def read_lexicon(content: mmap | bytearray) -> Mapping[str, Sequence[str]] | PackedValues:
    """Read what `pack_lexicon` wrote; packed words when they are looked up.

    Raises
    ------
    ValueError
        See `unpack_values`.
    """
    if content[: len(MAGIC)] == MAGIC:
        return PackedValues(content)
    return unpack_values(bytes(content[:]))


def pack_values(values: Mapping[str, Sequence[str]], *, compress: bool) -> bytes:
    """Write the values of a lexicon as JSON.

    Parameters
    ----------
    values : mapping of str to sequence of str
        As `Lexicon` takes them; any characters.
    compress : bool
        Whether to gzip: less than half of the size, twice the time to read. What would shrink so
        much that `unpack_values` refused it stays as it is.

    Returns
    -------
    bytes
        The same for the same values.
    """
    try:
        text = msgspec.json.encode(values)
    except UnicodeEncodeError:  # half of a surrogate pair, which a token from Python may hold
        import json

        text = json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if not compress:
        return text
    packed = zlib.compress(text, level=9, wbits=_GZIP)
    return packed if len(text) <= _most(packed) else text


def unpack_values(content: bytes) -> dict[str, list[str]]:
    """Read what `pack_values` wrote.

    Raises
    ------
    ValueError
        If it is something else, or a small file that becomes a very large text.
    """
    text = _unzip(content) if content.startswith(_MAGIC) else content
    try:
        return msgspec.json.decode(text, type=dict[str, list[str]])
    except ValueError:  # raised by msgspec, of one class or another by its version
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
    """Bound the text that is unpacked: a file from a stranger must not fill the memory."""
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
