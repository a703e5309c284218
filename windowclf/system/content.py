"""Detection of the kind and the encoding of a file from its first bytes."""

import codecs
import re
import zlib
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

from windowclf.errors import DataError, UsageError

HEAD_BYTES = 1 << 12
"""Number of bytes at the start of a file that are enough to detect its kind."""

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
PARQUET, ZLIB = b"PAR1", b"\x78"

_BOMS = (  # UTF-32 first, because its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)
_EXTRACT = "extract its text first"
_KINDS = (
    (b"%PDF-", "a PDF document", f"{_EXTRACT}, for example with: pdftotext FILE"),
    (GZIP, "gzip data", "unpack it with: gunzip"),
    (ZSTD, "Zstandard data", "unpack it with: zstd -d"),
    (b"BZh", "bzip2 data", "unpack it with: bunzip2"),
    (b"\xfd7zXZ\0", "xz data", "unpack it with: unxz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it with: 7z x"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it with: unrar x"),
    (b"\x04\x22\x4d\x18", "LZ4 data", "unpack it with: lz4 -d"),
    (PARQUET, "a Parquet file", "rename it to .parquet, or give --input-format parquet"),
    (b"ARROW1\0\0", "an Arrow file", "write it as Parquet"),
    (b"\xff\xff\xff\xff", "an Arrow stream", "write it as Parquet"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"\x93NUMPY", "a NumPy array", "write it as text"),
    (b"\x89HDF\r\n", "an HDF5 file", "write it as text"),
    (b"Obj\x01", "an Avro file", "write it as Parquet or JSONL"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Microsoft Office document (.doc or .xls)", "save it "
     "as plain text, or as CSV"),
    (b"{\\rtf", "an RTF document", "save it as plain text"),
    (b"%!PS", "a PostScript document", _EXTRACT),
    (b"\x89PNG\r\n", "a PNG image", _EXTRACT),
    (b"\xff\xd8\xff", "a JPEG image", _EXTRACT),
    (b"GIF8", "a GIF image", _EXTRACT),
    (b"II*\0", "a TIFF image", _EXTRACT),
    (b"MM\0*", "a TIFF image", _EXTRACT),
    (b"\x7fELF", "a program", "expected data"),
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer, not the file itself", "fetch "
     "the file with: git lfs pull"),
)  # fmt: skip
_ASCII_KINDS = frozenset({b"BZh", b"ORC", b"GIF8", PARQUET, b"II*\0"})
"""Marks at which a line of text may also begin; they count only if the head is not text."""

_ZIP = b"PK\x03\x04"
_ZIPS = (
    (b"word/", "a Word document (.docx)", "save it as plain text"),
    (b"xl/", "an Excel workbook (.xlsx)", "save the sheet as CSV"),
    (b"ppt/", "a PowerPoint document (.pptx)", "save it as plain text"),
    (b"opendocument", "an OpenDocument file", "save it as plain text or CSV"),
    (b"application/epub", "an EPUB book", "save it as plain text"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_ANNEX = re.compile(rb"/annex/objects/\S+\n?")
_MARKUP = re.compile(
    rb"\s*(?:<!--(?:(?!-->).)*-->\s*)*(?:(<\?xml\s)|<!doctype\s+html|<(?:html|head|body)[\s>])",
    re.IGNORECASE | re.DOTALL,
)


class Kind(NamedTuple):
    """A kind of content that a reader does not accept.

    Attributes
    ----------
    name : str
        Its name with the article, such as ``a PDF document``.
    cure : str
        Advice on converting it to text.
    """

    name: str
    cure: str


def kind_of(head: bytes) -> Kind | None:
    """Detect the kind of a file from its first bytes; None if it may be plain text.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` of the file, or all of it.
    """
    head = head.removeprefix(codecs.BOM_UTF8)
    for mark, name, cure in _KINDS:
        if head.startswith(mark) and not (mark in _ASCII_KINDS and _is_text(head)):
            return Kind(name, cure)
    if head.startswith(_ZIP):
        for part, name, cure in _ZIPS:
            if part in head:
                return Kind(name, cure)
        return Kind("a zip archive", "unpack it with: unzip")
    if head[257:262] == b"ustar":
        return Kind("a tar archive", "unpack it with: tar -xf")
    if _PICKLE.match(head) and not _is_text(head):
        return Kind("a Python pickle, which is never read", "write the data as JSONL")
    if head.startswith(ZLIB) and not _is_text(head) and _is_zlib(head):
        return Kind(
            "zlib data",
            "if it is spaCy's DocBin, rename it to .spacy, or give --input-format docbin",
        )
    if _ANNEX.match(head):
        return Kind("a git-annex pointer, not the file itself", "fetch it with: git annex get")
    if markup := _MARKUP.match(head):
        return Kind("an XML document" if markup[1] else "an HTML page", _EXTRACT)
    return None


def check_kind(head: bytes, name: str, expected: bytes = b"") -> None:
    """Raise an error if a file has another kind than its reader expects.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` of the file, or all of it.
    name : str
        Name of the file, for the message.
    expected : bytes
        The expected first bytes; empty for plain text.

    Raises
    ------
    DataError
        If the kind differs; the message names it, and how to convert the file.
    """
    kind = None if expected and head.startswith(expected) else kind_of(head)
    if kind:
        raise DataError(f"{name}: this is {kind.name}; {kind.cure}")


def marked_encoding(head: bytes) -> str | None:
    """Return the encoding of the byte-order mark at the start; None without one."""
    return next((name for mark, name in _BOMS if head.startswith(mark)), None)


def wide_encoding(head: bytes) -> str | None:
    """Detect UTF-16 and UTF-32 without a byte-order mark by the positions of zero bytes."""
    if len(head) < 8 or b"\0" not in head:
        return None
    whole = head[: len(head) // 4 * 4]
    zeros = [whole[place::4].count(0) / (len(whole) // 4) for place in range(4)]
    for name, order in (("utf-32-le", zeros), ("utf-32-be", zeros[::-1])):
        if order[3] == 1 and order[2] > 0.9 and order[0] < 0.1:
            return name
    for name, first, second in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
        empty = max(zeros[first], zeros[first + 2])
        if empty == 0 and zeros[second] + zeros[second + 2] > 0.5:
            # UTF-8 may also contain NULs, but decoded as UTF-16 few of its characters are letters.
            letters = sum(map(str.isalnum, whole.decode(name, "replace")))
            if letters > max(4, len(whole) // 8):
                return name
    return None


def encoding_of(data: bytes) -> str | None:
    """Guess the encoding of a text that is not UTF-8, for a message.

    Parameters
    ----------
    data : bytes
        Whole lines, at most a few thousand bytes.

    Returns
    -------
    str or None
        A name that both Python and iconv know; None if the encoding cannot be detected.
    """
    found = marked_encoding(data) or wide_encoding(data)
    if found and found != "utf-8":
        return found
    if _is_western(data):
        return "cp1252"
    return _by_letters(data)


def is_mostly_utf8(data: bytes) -> bool:
    """Whether bytes that are not valid UTF-8 have more UTF-8 characters than errors."""
    text = data.decode("utf-8", "replace")
    errors = text.count("\N{REPLACEMENT CHARACTER}")
    return sum(not character.isascii() for character in text) > 2 * errors


def codec_name(encoding: str) -> str:
    """Return the name of Python's codec for an encoding.

    Raises
    ------
    UsageError
        If there is no codec that decodes bytes to text.
    """
    name = None
    with suppress(LookupError, ValueError, TypeError):
        with suppress(UnicodeDecodeError):  # in some, one byte is half a character
            b"a".decode(encoding)  # LookupError for a codec without text, such as base64
        name = codecs.lookup(encoding).name
    if name is None or name in _NOT_OF_FILES:
        raise UsageError(
            f"unknown encoding {encoding!r}: expected a name that Python knows, such as utf-8, "
            "utf-16, cp1252, latin-1, cp1251, koi8-r, shift_jis, euc-kr or gb18030"
        )
    return name


_NOT_OF_FILES = ("utf-7", "idna", "punycode", "unicode-escape", "raw-unicode-escape")


def _is_zlib(head: bytes) -> bool:
    """Whether bytes can be decompressed, because text may also begin with the mark of zlib."""
    with suppress(zlib.error):
        return bool(zlib.decompressobj().decompress(head, 1))
    return False


def _is_text(head: bytes) -> bool:
    """Whether bytes are UTF-8 without control characters; the last character may be incomplete."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(head)
    except UnicodeDecodeError:
        return False
    return not any(character < " " and character not in "\t\n\r\f\v" for character in text)


# Characters next to or within words in western encodings.
_WESTERN_MARKS = frozenset("€…–—‘’“”•™‹›„‚«»¿¡°§£¥©®·´½¼¾²³ºª×±¢¨†‡ \xad")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


def _is_western(data: bytes) -> bool:
    """Whether bytes make sense as cp1252: single accented letters and Windows quotes."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return False
    runs = _HIGH_RUN.findall(data)
    if not runs or max(map(len, runs)) > 3:
        return False
    for before, character in pairwise(" " + text):
        if character.isascii() or character in _WESTERN_MARKS:
            if character in "‚„" and before.isalpha():
                return False  # not an opening quote, but é or ä in a DOS code page
            continue
        if not character.isalpha() or character in "ƒˆþÞðÐýÝ":
            return False
        if character.isupper() and before.islower():
            return False
    letters = sum(map(str.isalpha, text))
    accented = sum(character.isalpha() and not character.isascii() for character in text)
    return accented <= 0.4 * letters


def _by_letters(data: bytes) -> str | None:
    """Guess an encoding by the frequency of its letters, if there are enough of them."""
    if sum(map(len, _HIGH_RUN.findall(data))) < 20:
        return None
    try:
        from charset_normalizer import from_bytes  # a dependency of requests and others
    except ImportError:
        return None
    best = from_bytes(data, cp_isolation=[*_LEGACY], enable_fallback=False).best()
    return None if best is None else _LEGACY.get(best.encoding)


_LEGACY = {
    "cp1250": "cp1250",
    "iso8859_2": "iso-8859-2",
    "cp1251": "cp1251",
    "koi8_r": "koi8-r",
    "cp866": "cp866",
    "cp1253": "cp1253",
    "cp1254": "cp1254",
    "cp1255": "cp1255",
    "cp1256": "cp1256",
    "shift_jis": "shift_jis",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "big5": "big5",
    "euc_kr": "euc-kr",
    "mac_roman": "macintosh",
    "cp437": "cp437",
}
"""Encodings that letter frequencies can distinguish: names in Python and iconv."""
