"""The fuzz targets pass on their seeds: inputs made by hand, and inputs that fuzzing found."""

from contextlib import nullcontext
from pathlib import Path

import fuzz_targets
import json_mutator
import pytest
from fuzz_targets import TARGETS, refusals

from windowclf.errors import DataError

SEEDS = Path(__file__).parent / "seeds"


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name):
    paths = sorted((SEEDS / name).iterdir())
    assert paths
    for path in paths:
        try:
            TARGETS[name](path.read_bytes())
        except BaseException as error:
            error.add_note(f"seed: {path.name}")
            raise


def test_the_parts_of_a_bundle_make_a_model(monkeypatch):
    monkeypatch.setattr(fuzz_targets, "refusals", lambda *_: nullcontext())
    for part in fuzz_targets.bundle_parts():
        fuzz_targets.bundle(part)


@pytest.mark.parametrize(
    "message", ["", "two\nlines", "a bell \a", "a line\u2028separator", "long" * 1000]
)
def test_what_is_no_message(message):
    with pytest.raises(AssertionError), refusals(DataError):
        raise DataError(message)


def test_other_errors_are_findings():
    with pytest.raises(KeyError), refusals(DataError):
        raise KeyError


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": [1, {"b": null}]}\n{"c": 2}\n',
        b"\x08[[0, 0.5]]",
        b'\x00\x09\0\0\0\0\0\0\0{"a": {}}x',
    ],
)
def test_json_that_is_changed_stays_json(data):
    changed = {json_mutator.mutate(data, seed) for seed in range(200)}
    assert len(changed) > 50
    assert None in {json_mutator.mutate(b"no JSON", seed) for seed in range(20)}
