"""The hub route: the real `datasets` client, in a process of its own, against a loopback hub."""

import io
import json
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hub_client import client
from hub_server import HubError, Repository, hub_server

NAMES = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
FIRST, SECOND = "lhoestq/conll2003", "eriktks/conll2003"


def parquet(*rows, embedded=False):
    """Make a file with the columns of `rows`; label names in its own metadata if `embedded`."""
    table = pa.Table.from_pylist(list(rows))
    if embedded:
        features = {
            "id": {"dtype": "string", "_type": "Value"},
            "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
            "ner_tags": {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "Sequence"},
        }
        about = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": about})
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def row(text, *tags):
    return {"id": "0", "tokens": text.split(), "ner_tags": list(tags)}


CARD = f"""---
dataset_info:
  features:
  - name: id
    dtype: string
  - name: tokens
    sequence: string
  - name: ner_tags
    sequence:
      class_label:
        names:
{chr(10).join(f"          '{number}': {name}" for number, name in enumerate(NAMES))}
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
  - split: validation
    path: data/validation-*
  - split: test
    path: data/test-*
---
# A card
"""
WORDS = {"words": ["Nairobi", "waits"], "labels": ["B-LOC", "O"]}
NUMBERS = {"words": ["Nairobi", "waits"], "labels": [1, 0]}
ODD = {"surface": ["Nairobi", "waits"], "gold": ["B-LOC", "O"], "pos": ["NNP", "VBZ"]}


def repositories():
    first = {
        "README.md": CARD.encode(),
        "data/train-00000-of-00001.parquet": parquet(row("Oslo sleeps", 5, 0), row("")),
        "data/validation-00000-of-00001.parquet": parquet(row("Ana Bem rows", 1, 2, 0)),
        "data/test-00000-of-00001.parquet": parquet(row("Rain .", 0, 0)),
    }
    second = {
        "conll2003/train/0000.parquet": parquet(row("Lima wakes", 5, 0), embedded=True),
        "conll2003/validation/0000.parquet": parquet(row("Fog", 0), embedded=True),
        "conll2003/test/0000.parquet": parquet(row("Acme", 3), embedded=True),
    }
    card = b"# A card"
    two = b"---\nconfigs:\n- config_name: en\n  data_files: en.parquet\n"
    two += b"- config_name: sw\n  data_files: sw.parquet\n---\n"
    return {
        FIRST: Repository({"main": first}),
        SECOND: Repository({"main": {"README.md": card}, "refs/convert/parquet": second}),
        "ana/words": Repository({"main": {"train.parquet": parquet(WORDS)}}),
        "ana/numbers": Repository({"main": {"train.parquet": parquet(NUMBERS)}}),
        "ana/odd": Repository({"main": {"dev.parquet": parquet(ODD)}}),
        "ana/gated": Repository({"main": {"README.md": b"", "train.parquet": b""}}, gated=True),
        "ana/script": Repository({"main": {"README.md": card, "script.py": b"raise SystemExit"}}),
        "ana/broken": Repository({"main": {"train.parquet": b"PAR1 and no more"}}),
        "ana/two": Repository(
            {"main": {"README.md": two, "en.parquet": parquet(WORDS), "sw.parquet": parquet(ODD)}}
        ),
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def hub():
    with hub_server(repositories()) as hub:
        yield hub


@pytest.fixture(scope="module")
def load(home, hub):
    with client(home, hub.endpoint, home / "stderr") as load:
        yield load


@pytest.fixture
def first_is_gone(hub):
    first = hub.repositories.pop(FIRST)
    yield
    hub.repositories[FIRST] = first


def refusal(answer, kind):
    assert answer["error"] == kind
    assert "\n" not in answer["message"]
    return answer["message"]


def test_conll2003_comes_from_the_first_copy(load, hub):
    hub.requests.clear()
    assert load("conll2003") == {
        "train": [[["Oslo", "sleeps"], ["B-LOC", "O"]]],  # the empty sentence is gone
        "dev": [[["Ana", "Bem", "rows"], ["B-PER", "I-PER", "O"]]],
        "test": [[["Rain", "."], ["O", "O"]]],
    }
    assert not [request for request in hub.requests if SECOND in request]


@pytest.mark.usefixtures("first_is_gone")
def test_conll2003_falls_to_the_second_copy(load):
    assert load("conll2003") == {
        "train": [[["Lima", "wakes"], ["B-LOC", "O"]]],
        "dev": [[["Fog"], ["O"]]],
        "test": [[["Acme"], ["B-ORG"]]],
    }


@pytest.mark.usefixtures("first_is_gone")
def test_conll2003_without_any_copy(load, hub):
    second = hub.repositories.pop(SECOND)
    message = refusal(load("conll2003"), "DataError")
    hub.repositories[SECOND] = second
    assert message.startswith("no copy of conll2003 is available")
    assert FIRST in message
    assert SECOND in message
    assert message.endswith("give the files: `data=FOLDER`")


def test_columns_guessed_and_named(load):
    sentence = [["Nairobi", "waits"], ["B-LOC", "O"]]
    assert load("ana/words") == {"train": [sentence]}
    assert "no column is called tokens or words" in refusal(load("ana/odd"), "DataError")
    named = {"tokens_column": "surface", "tags_column": "gold"}
    assert load("ana/odd", **named) == {"dev": [sentence]}
    assert load("ana/odd@main", tokens_column="surface", tags_column="pos") == {
        "dev": [[["Nairobi", "waits"], ["NNP", "VBZ"]]]
    }


def test_configurations(load):
    assert load("ana/two:en") == {"train": [[WORDS["words"], WORDS["labels"]]]}
    for name in ("ana/two", "ana/two:fr"):
        message = refusal(load(name), "UsageError")
        assert "['en', 'sw']" in message
        assert "(write it as ana/two:CONFIGURATION)" in message


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("conll2033", "UsageError", "unknown data set 'conll2033': expected conll2003 or"),
        (
            "ana/unknown",
            "UsageError",
            "unknown data set 'ana/unknown': it is not on the Hugging Face hub",
        ),
        ("ana/words@v2", "UsageError", "data set ana/words has no revision 'v2'"),
        ("ana/gated", "DataError", "ana/gated is gated: accept its terms"),
        ("ana/broken", "DataError", "data set ana/broken cannot be loaded: "),
        ("ana/script", "DataError", "is never run: try ana/script@refs/convert/parquet"),
        ("ana/numbers", "DataError", "split train, column labels: expected words or labels with"),
    ],
)
def test_refuses_in_one_line(load, name, kind, message):
    assert message in refusal(load(name), kind)


@pytest.mark.parametrize(
    ("status", "words", "message"),
    [
        (503, "Service Unavailable", "answered 503): check the network, set HF_ENDPOINT"),
        (401, "Invalid credentials in Authorization header", "refused data set ana/x (401): log"),
    ],
)
def test_a_hub_that_refuses(load, hub, status, words, message):
    hub.outage = HubError(status, "", words)
    answer = load("ana/x")
    hub.outage = None
    assert message in refusal(answer, "DataError")


def test_without_network(load, home, tmp_path):
    load("ana/words")  # now it is in the cache
    with client(home, "http://127.0.0.1:9", tmp_path / "stderr") as cut_off:
        assert cut_off("ana/words") == load("ana/words")
        start = time.monotonic()
        message = refusal(cut_off("ana/unknown"), "DataError")
        assert time.monotonic() - start < 5  # the client by itself tries for 23 seconds
    assert "ana/unknown is not in the cache" in message
    assert "could not be reached (http://127.0.0.1:9: " in message
    assert "set HF_ENDPOINT to a mirror, or give the files: `data=FOLDER`" in message


def test_offline(load, home, hub, tmp_path):
    load("ana/words")
    asked = len(hub.requests)
    with client(home, hub.endpoint, tmp_path / "stderr", HF_HUB_OFFLINE="1") as offline:
        assert offline("ana/words") == {"train": [[WORDS["words"], WORDS["labels"]]]}
        message = refusal(offline("ana/unknown"), "DataError")
    assert "offline mode is on: unset HF_HUB_OFFLINE" in message
    assert len(hub.requests) == asked


def test_nothing_is_printed(load, hub, home):
    hub.repositories["ana/fresh"] = hub.repositories[FIRST]
    before = (home / "stderr").read_text()
    assert "train" in load("ana/fresh")  # read from stdout, which held JSON alone
    assert (home / "stderr").read_text() == before
