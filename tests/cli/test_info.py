import json

import pytest
from msgspec import to_builtins

from windowclf.model.bundle import load_model, save_model


def test_json(run, model_folder, classifier):
    code, out, err = run("info", "--model", model_folder, "--json")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert list(facts) == ["model", "labels", "settings", "parameters", "training"]
    assert facts["model"] == str(model_folder)
    assert facts["labels"] == ["LOC", "PER"]
    assert facts["settings"]["hidden"] == [16]
    parameters = classifier.model.parameters()
    assert facts["parameters"] == {n: list(p.value.shape) for n, p in parameters.items()}
    assert facts["training"] == to_builtins(classifier.model.record)


def test_text(run, model_folder, classifier):
    code, out, err = run("info", "--model", model_folder)
    record = classifier.model.record
    facts = dict(line.split("  ", 1) for line in out.partition("\nepoch ")[0].splitlines())
    facts = {name: fact.strip() for name, fact in facts.items()}
    assert (code, err) == (0, "")
    assert facts["model"] == f"{model_folder} (--model)"
    assert facts["labels"] == "LOC, PER"
    assert facts["hidden"] == "16"
    assert facts["L_word"] == " × ".join(
        map(str, classifier.model.network.tables["word"].value.shape)
    )
    assert facts["vectors moved"].startswith(f"{100 * record.vectors_moved:.2f} % of their length")
    assert f"{record.tokens['train']} tokens" in facts["trained on"]
    table = out.splitlines()[-1 - len(record.epochs) :]
    assert table[0].split()[0] == "epoch"
    rows = [line.split() for line in table[1:]]
    assert [row[0] for row in rows] == [str(epoch.epoch) for epoch in record.epochs]
    assert [row[-1] == "*" for row in rows] == [epoch.best for epoch in record.epochs]
    assert [row[4] for row in rows] == [f"{100 * epoch.f1:.2f}" for epoch in record.epochs]


def test_norms(run, model_folder, classifier):
    epochs = classifier.model.record.epochs
    _, plain, _ = run("info", "--model", model_folder)
    code, out, err = run("info", "--model", model_folder, "--norms")
    assert (code, err) == (0, "")
    assert out.startswith(plain)
    header, *rows = (line.split() for line in out[len(plain) :].splitlines())
    assert header[:3] == ["epoch", "delta1", "delta_s"]
    for row, epoch in zip(rows, epochs, strict=True):
        found = dict(zip(header, row, strict=True))
        assert found["epoch"] == str(epoch.epoch)
        assert float(found["delta1"]) == pytest.approx(epoch.sensitivities["delta1"], rel=1e-2)
        assert float(found["∂U"]) == pytest.approx(epoch.gradients["U"], rel=1e-2)


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_a_model_without_a_record(run, model_folder, tmp_path, option):
    model = load_model(model_folder)
    model.record = None
    save_model(model, tmp_path / "model")
    code, out, err = run("info", "--model", tmp_path / "model", *option)
    assert (code, err) == (0, "")
    assert "LOC" in out
    assert "epoch " not in out
