"""The values of a lexicon as a file: JSON, or packed where the size counts."""

import zlib
from collections.abc import Mapping, Sequence
from mmap import mmap

import msgspec

from windowclf.lexicon.packed_values import MAGIC, PackedValues
from windowclf.lexicon.packing import pack_words

_GZIP = 31  # what zlib calls a window of 32 KiB with gzip's header
_GZIP_MAGIC = b"\x1f\x8b"  # JSON never begins so
_MOST_TIMES = 100  # as long as the packed text may the unpacked one be; names are three times
_ALWAYS = 2**20  # bytes that any may be
_LARGEST = 2**30


def pack_values(values: Mapping[str, Sequence[str]], *, compress: bool) -> bytes:
    """Write the values of a lexicon.

    Parameters
    ----------
    values : mapping of str to sequence of str
        As `Lexicon` takes them; any characters.
    compress : bool
        Whether to pack: less than half of the size, and a few words are found without reading
        the rest. What cannot be packed is gzipped JSON; and what would shrink so much that
        `unpack_values` refused it stays JSON.

    Returns
    -------
    bytes
        The same for the same values.
    """
    if compress and (packed_words := pack_words(values)) is not None:
        return packed_words
    try:
        text = msgspec.json.encode(values)
    except UnicodeEncodeError:  # half of a surrogate pair, which a token from Python may hold
        import json

        text = json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if not compress:
        return text
    packed = zlib.compress(text, level=9, wbits=_GZIP)
    return packed if len(text) <= _most(packed) else text


def suffix_of(content: bytes) -> str:
    """Give the end of the name of a file with some content."""
    if content.startswith(MAGIC):
        return ".words"
    return ".json.gz" if content.startswith(_GZIP_MAGIC) else ".json"


def unpack_values(content: mmap | bytes | bytearray) -> dict[str, list[str]] | PackedValues:
    """Read what `pack_values` wrote.

    Parameters
    ----------
    content : mmap, bytes or bytearray
        What is packed is read from it when a word is looked up.

    Raises
    ------
    ValueError
        If it is something else, or a small file that becomes a very large text.
    """
    if content[: len(MAGIC)] == MAGIC:
        return PackedValues(content)
    text = bytes(content[:])
    text = _unzip(text) if text.startswith(_GZIP_MAGIC) else text
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
