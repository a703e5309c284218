"""The record of a training."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from windowclf.tags.counts import Counts


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """The record of one epoch.

    Parameters
    ----------
    epoch : int
        Number of the epoch, from 1.
    loss : float
        Mean loss over the training text.
    rate : float
        Learning rate of the last batch.
    seconds : float, optional
        Time of training, without the evaluation.
    tokens_per_second : float, optional
    sensitivities, gradients : dict of str to float
        Means over the epoch's batches: ``‖δ^(l)‖`` of each layer and the norm of each
        parameter's gradient; None after an overflow.
    precision, recall, f1 : float, optional
        Scores on the dev text, from 0 to 1.
    average_precision : float, optional
        Average precision of a ranking model on the dev text.
    best : bool
        Whether the F1 is the best so far.
    """

    epoch: int
    loss: float
    rate: float
    sensitivities: dict[str, float | None]
    gradients: dict[str, float | None]
    seconds: float | None = None
    tokens_per_second: float | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    average_precision: float | None = None
    best: bool = True

    def __repr__(self) -> str:
        f1 = "" if self.f1 is None else f", dev F1 {100 * self.f1:.2f} %"
        return f"Epoch({self.epoch}: loss {self.loss:.4f}{f1})"


class CorpusRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One of the corpora of a training; see `windowclf.mix_corpora`.

    Parameters
    ----------
    name : str
        Name of the corpus in the mixture.
    data : str
        Name or path by which the user loaded it.
    sentences, tokens : int
        Numbers of training sentences and tokens.
    weight : float
        Average number of times that an epoch read each sentence.
    mapped : dict of str to str
        New names of renamed labels; empty for labels that became ``O``.
    lacks : list of str
        Labels that it does not annotate.
    """

    name: str
    data: str
    sentences: int
    tokens: int
    weight: float = 1.0
    mapped: dict[str, str] = {}
    lacks: list[str] = []

    def describe(self) -> str:
        """Describe the corpus in one line, such as for a model card."""
        facts = [f"{self.name}: {self.sentences:,} sentences, {self.tokens:,} tokens"]
        if self.weight != 1:
            facts.append(f"weight {self.weight:g}")
        facts += [f"{label} is {new or 'O'}" for label, new in self.mapped.items()]
        if self.lacks:
            facts.append(f"lacks {', '.join(self.lacks)}")
        return "; ".join(facts)


class ExpectedScores(msgspec.Struct, frozen=True, kw_only=True):
    """The estimated F1 on new text, from cross-validation on the training text.

    Parameters
    ----------
    folds : int
        Number of networks that were trained without a part of the sentences.
    sentences : int
        Number of held-out sentences that these networks tagged.
    f1, low, high : float
        F1 of these networks on the held-out sentences, from 0 to 1, and the 95 % interval of the
        model's F1 on new text.
    labels : dict of str to Counts
        Counts on the held-out sentences, by label.
    """

    folds: int
    sentences: int
    f1: float
    low: float
    high: float
    labels: dict[str, Counts]

    def describe(self) -> str:
        """Describe the F1, its interval in percent, and its origin."""
        f1, low, high = (round(100 * value) for value in (self.f1, self.low, self.high))
        networks = "network" if self.folds == 1 else "networks"
        return (
            f"{f1} ({low} to {high}), from cross-validation with {self.folds} {networks} on the "
            "training sentences"
        )


class KeptLabels(msgspec.Struct, frozen=True, kw_only=True):
    """The labels that a model kept from its base model.

    Parameters
    ----------
    labels : list of str
        The kept labels, which the training text does not annotate.
    found, outside, open : int
        Numbers of tokens that the training text leaves open: those for which the base model was
        sure of a kept label, those for which it was sure that there is none, and the others.
    """

    labels: list[str]
    found: int
    outside: int
    open: int

    def describe(self) -> str:
        """Describe the kept labels in one line."""
        return (
            f"{', '.join(self.labels)}; of the tokens that the text leaves open, the base model "
            f"decided that {self.found:,} have these labels and {self.outside:,} do not; "
            f"{self.open:,} stayed open"
        )


class TrainingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a model's training. Optional fields are absent if they do not apply.

    Parameters
    ----------
    data : str
        Name of the corpus.
    vectors : str
        Name of the word vectors.
    sentences, tokens : dict of str to int
        Sizes by split; "unlabelled" is the text that the teachers scored for the network.
    epochs : list of Epoch
        The network's own epochs, without those of its teachers.
    best_epoch : int
        The epoch whose parameters the model has.
    vectors_moved : float
        Mean distance between the initial and the final vector of a training word, relative to the
        length of the initial vector.
    versions : dict of str to str
        Versions of windowclf, NumPy and Python.
    seconds : float, optional
        Time of training, without evaluation.
    corpora : list of CorpusRecord, optional
        The corpora of a mixture.
    augmented : dict of str to int
        Number of sentences added by augmentation: "names" with other names, and "templates" from
        templates.
    names : dict of str to int
        Number of names available for augmentation, by type.
    unlabelled : list of str, optional
        The files of the unlabelled text.
    teachers : list of str, optional
        The teachers that were already trained.
    base : str, optional
        The base model.
    kept : KeptLabels, optional
        Labels of the base model that the text does not annotate.
    chosen : dict, optional
        Settings that were chosen by the size of the text and differ from the defaults.
    sketch : bytes, optional
        A sample of the hashes of the training sentences, see `windowclf.model.sketch`; absent if
        all of them are short.
    expected : ExpectedScores, optional
        The estimate from cross-validation.
    """

    data: str
    vectors: str
    sentences: dict[str, int]
    tokens: dict[str, int]
    epochs: list[Epoch]
    best_epoch: int
    vectors_moved: float
    versions: dict[str, str]
    seconds: float | None = None
    corpora: list[CorpusRecord] | msgspec.UnsetType = msgspec.UNSET
    augmented: dict[str, int] = {}
    names: dict[str, int] = {}
    unlabelled: list[str] | msgspec.UnsetType = msgspec.UNSET
    teachers: list[str] | msgspec.UnsetType = msgspec.UNSET
    base: str | msgspec.UnsetType = msgspec.UNSET
    kept: KeptLabels | msgspec.UnsetType = msgspec.UNSET
    chosen: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    sketch: bytes | msgspec.UnsetType = msgspec.UNSET
    expected: ExpectedScores | msgspec.UnsetType = msgspec.UNSET

    @property
    def augmentation(self) -> str:
        """Description of the sentences that augmentation added; empty without augmentation."""
        kinds = {"names": "sentences with other names", "templates": "from templates"}
        found = [
            f"{self.augmented[k]:,} {what}" for k, what in kinds.items() if k in self.augmented
        ]
        return ", ".join(found)

    @property
    def best_f1(self) -> float | None:
        """The F1 of the model on the dev text, from 0 to 1; None without such a text."""
        return next((each.f1 for each in self.epochs if each.epoch == self.best_epoch), None)

    def sources(self) -> dict[str, str]:
        """Describe further inputs of the training: base model, teachers, unlabelled text, recipe.

        Returns
        -------
        dict of str to str
            Descriptions by name, only for inputs that the training had.
        """
        rows = {"Began with": self.base} if self.base else {}
        if self.kept:
            rows["Kept labels"] = self.kept.describe()
        if self.chosen:
            found = (f"{name.replace('_', ' ')} {value}" for name, value in self.chosen.items())
            rows["Chosen by size"] = ", ".join(found)
        if self.teachers:
            rows["Trained teachers"] = ", ".join(self.teachers)
        if "unlabelled" in self.tokens:
            size = f"{self.sentences.get('unlabelled', 0):,} sentences"
            text = ", ".join([*(self.unlabelled or []), size, f"{self.tokens['unlabelled']:,}"])
            rows["Unlabelled text"] = f"{text} tokens"
        return rows

    @property
    def lacked(self) -> list[str]:
        """The labels of the model that its training text does not annotate."""
        return self.kept.labels if self.kept else []

    def __repr__(self) -> str:
        f1 = "" if self.best_f1 is None else f", dev F1 {100 * self.best_f1:.2f} %"
        data = self.data or "sentences without a name"
        return f"TrainingRecord({data}: {len(self.epochs)} epochs, best {self.best_epoch}{f1})"


class _EpochTimes(msgspec.Struct, frozen=True):
    seconds: Annotated[float, Meta(ge=0)] | None
    tokens_per_second: Annotated[float, Meta(ge=0)] | None


class _Times(msgspec.Struct, frozen=True):
    of: str
    seconds: Annotated[float, Meta(ge=0)] | None
    epochs: list[_EpochTimes]


_TIMELESS = _EpochTimes(None, None)


def without_times(record: TrainingRecord) -> TrainingRecord:
    """Copy a record without its times, which differ between runs of the same training."""
    return _with_times(record, _Times("", None, [_TIMELESS] * len(record.epochs)))


def pack_times(record: TrainingRecord, of: str) -> bytes:
    """Pack only the times of a record.

    Parameters
    ----------
    of : str
        Name of the file with the rest of the record.

    Returns
    -------
    bytes
        JSON.
    """
    epochs = [_EpochTimes(epoch.seconds, epoch.tokens_per_second) for epoch in record.epochs]
    times = _Times(of, record.seconds, epochs)
    return msgspec.json.format(msgspec.json.encode(times))


def add_times(record: TrainingRecord, of: str, packed: bytes) -> TrainingRecord:
    """Copy a record with the times from `pack_times`; without them if they do not fit."""
    try:
        times = msgspec.json.decode(packed, type=_Times)
    except (ValueError, RecursionError):
        return record
    fit = times.of == of and len(times.epochs) == len(record.epochs)
    return _with_times(record, times) if fit else record


def _with_times(record: TrainingRecord, times: _Times) -> TrainingRecord:
    epochs = [
        msgspec.structs.replace(epoch, seconds=its.seconds, tokens_per_second=its.tokens_per_second)
        for epoch, its in zip(record.epochs, times.epochs, strict=True)
    ]
    return msgspec.structs.replace(record, epochs=epochs, seconds=times.seconds)
