"""The model card for the hub, with only the facts in the training record."""

import msgspec

from windowclf.lexicon.lexicon import GAZETTEER
from windowclf.model.model import Model
from windowclf.model.record import Epoch, TrainingRecord
from windowclf.nn.quantised_table import QuantisedTable
from windowclf.system.packages import whole_install
from windowclf.tags.schemes import Scheme

with whole_install("windowclf.integrations.hub"):
    from huggingface_hub import EvalResult, ModelCard, ModelCardData

_CARD = """---
{metadata}
---

# {name}

A word-window tagger made with windowclf: {what}.

## Use

```python
from windowclf.integrations.hub import HubClassifier

tagger = HubClassifier.from_pretrained("{name}")
{use}
```

## Training

{training}

## Figures

{figures}

## Limits

{limits}

## Settings

```json
{settings}
```
"""
_TAG = """for entity in tagger.tag("Paris is in France"):
    print(entity.text, entity.label, entity.start, entity.end, entity.score)"""
_PREDICT = 'print(tagger.predict([["Paris", "is", "in", "France"]]))'


def make_card(model: Model, labels: list[str], name: str, data: ModelCardData) -> ModelCard:
    """Make the card of a trained model.

    Parameters
    ----------
    labels : list of str
        The labels of the model, see `WindowClassifier.labels`.
    name : str
        Name of the model on the hub, ``"owner/name"``, or of its folder.
    data : ModelCardData
        Metadata of the card; results are added if it has none.
    """
    record = model.record
    best = _best(record)
    if record and best and not data.eval_results:
        data.model_name = data.model_name or name
        data.eval_results = _results(record, best) or None
    named = ", ".join(f"`{label}`" for label in labels)
    spans = model.scheme is not Scheme.PLAIN and model.config.loss != "ranking"
    return ModelCard(
        _CARD.format(
            metadata=data.to_yaml(),
            name=name,
            what=f"it finds names and other spans, labelled {named}"
            if spans
            else f"it gives each token a label: {named}",
            use=_TAG if spans else _PREDICT,
            training=_training(model),
            figures=_figures(model, best),
            limits=_limits(model),
            settings=msgspec.json.format(msgspec.json.encode(model.config)).decode(),
        )
    )


def _best(record: TrainingRecord | None) -> Epoch | None:
    """Return the epoch from which the parameters of the model are."""
    if record is None:
        return None
    return next((epoch for epoch in record.epochs if epoch.epoch == record.best_epoch), None)


def _metrics(best: Epoch | None) -> dict[str, float]:
    """Return the measurements on the dev text, from 0 to 1."""
    names = ("precision", "recall", "f1", "average_precision")
    found = {name: getattr(best, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _results(record: TrainingRecord, best: Epoch) -> list[EvalResult]:
    data = _line(record.data) or "unnamed"
    return [
        EvalResult(
            task_type="token-classification",
            dataset_type=data,
            dataset_name=data,
            dataset_split="dev",
            metric_type=name,
            metric_value=round(value, 4),
        )
        for name, value in _metrics(best).items()
    ]


def _training(model: Model) -> str:
    record = model.record
    if record is None:
        return "The model has no record of its training."
    rows = {
        "Data": _line(record.data) or "sentences without a name",
        "Training text": _amount(record, "train"),
        "Added by augmentation": record.augmentation or "nothing",
        "Dev text": _amount(record, "dev") if record.tokens.get("dev") else "none",
        **{name: _line(value) for name, value in record.sources().items()},
        "Word vectors": _line(record.vectors),
        "Words known": f"{len(model.lexicon.values['word']):,}",
        "Gazetteers": ", ".join(
            _line(name.removeprefix(GAZETTEER)) for name in model.lexicon.gazetteers
        )
        or "none",
        "Word clusters": ", ".join(map(_line, model.lexicon.clusters)) or "none",
        "Epochs": f"{len(record.epochs)}; the parameters are those of epoch {record.best_epoch}",
        "Seed": str(model.config.seed),
        "Time": "unknown" if record.seconds is None else f"{record.seconds:.0f} s",
        "Versions": ", ".join(f"{what} {version}" for what, version in record.versions.items()),
    }
    if record.corpora:
        described = "<br>".join(_line(corpus.describe()) for corpus in record.corpora)
        rows = {"Corpora": described, **rows}
    return "\n".join(["| | |", "| --- | --- |", *(f"| {row} | {rows[row]} |" for row in rows)])


def _figures(model: Model, best: Epoch | None) -> str:
    found = _metrics(best)
    if model.record and model.record.expected:
        expected = model.record.expected
        return f"Expected F1 on new text of the same kind, in percent: {expected.describe()}."
    if best is None or not found:
        return "None: the model was trained without a dev text."
    rounded = any(isinstance(table, QuantisedTable) for table in model.parameters().values())
    of = "tokens that are not O" if model.scheme is Scheme.PLAIN else "spans by conlleval's rules"
    names = {"f1": "F1", "average_precision": "average precision"}
    return "\n".join(
        [
            f"On the dev text, after epoch {best.epoch}, over {of}, in percent; one training, from "
            f"its own record.{' The parameters were rounded afterwards.' if rounded else ''}",
            "",
            "| | |",
            "| --- | --- |",
            *(f"| {names.get(name, name)} | {100 * value:.2f} |" for name, value in found.items()),
        ]
    )


def _limits(model: Model) -> str:
    lines = [
        "The labels are those of the training text, and so is its kind of language: on other text "
        "expect less, and measure it with `tagger.evaluate(sentences)`.",
        "The folder holds the words of the training text, sorted, the names of its "
        "gazetteers and its word clusters.",
    ]
    if _metrics(_best(model.record)):
        lines.insert(0, "The dev text chose the epoch too: the figures are a little too good.")
    return "\n".join(f"- {line}" for line in lines)


def _amount(record: TrainingRecord, split: str) -> str:
    return f"{record.sentences[split]:,} sentences, {record.tokens[split]:,} tokens"


def _line(text: str) -> str:
    """Escape a name for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
