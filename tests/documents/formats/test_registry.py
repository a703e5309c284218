"""Formats by the names of their files."""

from pathlib import PurePath

import pytest

from windowclf.documents.formats.registry import FORMATS, WriteOptions, format_of
from windowclf.documents.reading import ReadOptions
from windowclf.errors import UsageError


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("news.txt", "text"),
        ("a/b.c/News.JSONL", "jsonl"),
        ("x.ndjson.gz", "jsonl"),
        ("x.conll.ZST", "conll"),
        ("x.tsv", "conll"),
        (PurePath("x.csv.gz"), "csv"),
        ("x.pq", "parquet"),
        ("x.spacy", "docbin"),
        ("x.ann", "brat"),
        ("eng.testb", None),
        ("jsonl", None),
        ("x.jsonl.bak", None),
        ("x.gz", None),
        ("-", None),
        ("", None),
    ],
)
def test_a_name_tells_the_format(name, form):
    found = format_of(name)
    assert (found and found.name) == form


@pytest.mark.parametrize("form", FORMATS.values(), ids=str)
def test_every_format_has_a_reader_and_a_writer(form, tmp_path):
    with (tmp_path / "x").open("w+b") as file:
        if form.writable:
            writer = form.writer(file, WriteOptions())
            writer.close()
        else:
            with pytest.raises(UsageError, match=f"^{form.name} cannot be written; .* jsonl, "):
                form.writer(file, WriteOptions())
        assert not file.closed
        assert callable(form._module().read)
        iter(form.read(file, "x", ReadOptions()))
    suffixes = [suffix for each in FORMATS.values() for suffix in each.suffixes]
    assert len(set(suffixes)) == len(suffixes)
