import json
from functools import partial

import pytest

from windowclf.config.presets import PRESETS
from windowclf.nn import objective
from windowclf.nn.layers import ACTIVATIONS
from windowclf.nn.losses import PARTIAL_LOSSES
from windowclf.training import gradients

SMALL = ("--hidden", "6", "--feature", "shape")


@pytest.fixture(autouse=True)
def _few_elements(monkeypatch):
    """Compare some elements of each parameter; tests/nn compares all of them."""
    monkeypatch.setattr(gradients, "check_config", partial(gradients.check_config, samples=10))


def test_every_preset_has_the_right_gradients(run):
    code, out, err = run("gradcheck", "--all", "--feature", "shape", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["passed"]
    assert list(found["checks"]) == list(PRESETS)
    for preset, checks in found["checks"].items():
        assert "L_word" in checks, preset
        assert all(check["error"] < 1e-6 and check["passed"] for check in checks.values())
    assert {"A", "start", "end"} < set(found["checks"]["sentence-softmax"])
    assert {"W3", "b3"} < set(found["checks"]["deep"])


def test_a_table_with_every_parameter(run):
    code, out, _ = run("gradcheck", *SMALL, "--hidden", "4", "--loss", "max-margin")
    assert code == 0
    for name in ("L_word", "L_shape", "W1", "b1", "W2", "b2", "U", "b_u"):
        (line,) = (line for line in out.splitlines() if line.split()[:1] == [name])
        assert line.split()[-1] == "right"


@pytest.mark.parametrize("level", ["word", "sentence"])
def test_a_wrong_slope_is_found(run, monkeypatch, level):
    tanh = ACTIVATIONS["tanh"]
    wrong = tanh._replace(slope=lambda a: 1 - a)
    monkeypatch.setitem(ACTIVATIONS, "tanh", wrong)
    code, out, err = run("gradcheck", *SMALL, "--activation", "tanh", "--level", level)
    assert (code, err) == (1, "")
    rows = [line.split() for line in out.splitlines()]
    verdicts = {row[0]: row[-1] for row in rows if row and row[-1] in ("right", "WRONG")}
    assert verdicts["W1"] == verdicts["b1"] == verdicts["L_word"] == "WRONG"
    assert verdicts["U"] == "right"  # above the slope


@pytest.mark.parametrize("level", ["word", "sentence"])
@pytest.mark.parametrize("loss", PARTIAL_LOSSES)
def test_a_wrong_gradient_of_a_partial_loss_is_found(run, monkeypatch, level, loss):
    of_paths = {"softmax": "partial_log_likelihood_loss", "max-margin": "partial_max_margin_loss"}
    of_tokens, name = PARTIAL_LOSSES[loss], of_paths[loss]

    def wrong(right):
        def compute(*arguments):
            value, ds, *others = right(*arguments)
            return value, 1.001 * ds, *others

        return compute

    monkeypatch.setitem(PARTIAL_LOSSES, loss, wrong(of_tokens))
    monkeypatch.setattr(objective, name, wrong(getattr(objective, name)))
    code, out, err = run("gradcheck", *SMALL, "--level", level, "--loss", loss, "--json")
    assert (code, err) == (1, "")
    (checks,) = json.loads(out)["checks"].values()
    wrong_ones = {name for name, check in checks.items() if not check["passed"]}
    assert wrong_ones == checks.keys() - {"A", "start", "end"}


def test_presets_are_listed_with_their_sources(run):
    code, out, _ = run("presets")
    assert code == 0
    for name, preset in PRESETS.items():
        assert f"{name}\n    {preset.system}\n    source:   {preset.source}\n" in out
    code, out, _ = run("presets", "--json")
    settings = json.loads(out)["two-layers"]["settings"]
    assert (settings["hidden"], settings["level"]) == ([300, 100], "word")
