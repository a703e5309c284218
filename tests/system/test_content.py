import gzip
import io
import pickle
import sqlite3
import zipfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from windowclf.errors import DataError, UsageError
from windowclf.system.content import (
    check_kind,
    codec_name,
    encoding_of,
    is_mostly_utf8,
    kind_of,
    marked_encoding,
    wide_encoding,
)

TEXTS = {
    "cp1252": "“Hello” said Zoë – it’s the café’s time\n",
    "latin-1": "El Niño llegó a España, ¿cuándo?\n",
    "cp1250": "Nad Wisłą leży miasto. Świat łączy źródła żółte.\n" * 3,
    "cp1251": "Иван живёт в Осло и пишет Анне письма.\n" * 2,
    "koi8-r": "Иван живёт в Осло и пишет Анне письма.\n" * 2,
    "shift_jis": "太郎さんは東京から大阪に行きました。\n" * 2,
    "euc-jp": "太郎さんは東京から大阪に行きました。\n" * 2,
    "gb18030": "李明昨天从北京去了上海。\n" * 3,
    "big5": "我昨天從台北去了台中。\n" * 3,
    "euc-kr": "김씨는 어제 서울에서 부산에 갔다.\n" * 3,
}


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


def parquet():
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"text": ["Oslo"]}), sink)
    return sink.getvalue().to_pybytes()


def arrow():
    sink = pa.BufferOutputStream()
    table = pa.table({"text": ["Oslo"]})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (text)")
    return connection.serialize()


KINDS = {
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "pdftotext"),
    "Word": (zipped("[Content_Types].xml", "word/document.xml"), "plain text"),
    "Excel": (zipped("[Content_Types].xml", "xl/workbook.xml"), "CSV"),
    "zip": (zipped("a.txt"), "unzip"),
    "gzip": (gzip.compress(b"In Oslo\n"), "gunzip"),
    "Office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "plain text"),
    "RTF": (rb"{\rtf1\ansi In Oslo}", "plain text"),
    "Parquet": (parquet(), "--input-format parquet"),
    "Arrow": (arrow(), "Parquet"),
    "SQLite": (database(), "CSV"),
    "pickle": (pickle.dumps(["In", "Oslo"]), "JSONL"),
    "zlib": (zlib.compress(b"In Oslo\n" * 9), "docbin"),
    "PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ""),
    "JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF", ""),
    "Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 3\n",
        "git lfs pull",
    ),
    "git-annex": (b"/annex/objects/SHA256E-s1--0123.txt\n", "git annex get"),
    "HTML": (b"\n<!-- saved -->\n<!DOCTYPE html>\n<html><body>Oslo</body></html>\n", ""),
    "XML": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<text>Oslo</text>\n', ""),
    "tar": (b"a.txt".ljust(257, b"\0") + b"ustar\0", "tar -xf"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_named_with_its_cure(kind):
    head, cure = KINDS[kind]
    with pytest.raises(DataError) as caught:
        check_kind(head, "news.txt")
    message = str(caught.value)
    assert message.startswith("news.txt: this is ")
    assert kind in message
    assert cure in message


@pytest.mark.parametrize(
    "text",
    [
        *("", "Oslo", "x", "xO", "BZh means nothing\n", "ORCs in Oslo\n", "PAR1 is a key\n"),
        *("GIF8 is no word\n", "<3 Oslo", "<hr> in Oslo", "PK is a name", "MZ", "II*", "zoo"),
        *("x\1\tO\n\n", "x^\1"),
        *('{"text": "<html>"}\n', "-DOCSTART- O\n", "# html\n", "xml O\n"),
    ],
)
def test_text_is_text(text):
    head = text.encode()
    assert kind_of(head) is None
    assert wide_encoding(head) is None
    check_kind(head, "news.txt")


@given(st.text(st.characters(codec="utf-8", min_codepoint=32)))
def test_most_text_is_text(text):
    assert wide_encoding(text.encode()) is None


def test_what_is_expected_is_taken():
    check_kind(parquet(), "rows.parquet", b"PAR1")
    with pytest.raises(DataError, match="Git LFS"):
        check_kind(KINDS["Git LFS"][0], "rows.parquet", b"PAR1")


@pytest.mark.parametrize("encoding", TEXTS)
def test_an_encoding_is_recognised(encoding):
    data = TEXTS[encoding].encode(encoding)
    assert encoding_of(data) == {"latin-1": "cp1252"}.get(encoding, encoding)
    assert not is_mostly_utf8(data)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_encodings(encoding):
    data = "Zoë is in Oslo\n".encode(encoding)
    assert wide_encoding(data) == encoding
    assert encoding_of(data) == encoding
    marked = "\ufeffOslo".encode(encoding)
    assert marked_encoding(marked) == encoding[:6]
    assert encoding_of(marked) == encoding[:6]


@pytest.mark.parametrize("data", [b"caf\x82 noir", b"caf\x8e noir", "Привет".encode("cp1251")])
def test_what_is_not_sure_is_not_named(data):
    assert encoding_of(data) is None


def test_damaged_utf8_is_not_taken_for_another_encoding():
    assert is_mostly_utf8("Zoë “und” Köln caf".encode() + b"\xe9 \n")


@pytest.mark.parametrize("name", ["utf9", "", "base64", "rot13", "unicode_escape", "a\0b", "é"])
def test_a_name_that_is_no_encoding(name):
    with pytest.raises(UsageError, match=r"unknown encoding .*: expected .*cp1252"):
        codec_name(name)


def test_names_of_encodings():
    assert codec_name("UTF8") == "utf-8"
    assert codec_name("latin1") == "iso8859-1"
