"""The settings of a classifier: one frozen record, checked wherever it comes from."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from windowclf.config.check import Count, Probability, check_settings
from windowclf.config.presets import preset_settings
from windowclf.errors import UsageError

FeatureName = Literal[
    "shape", "written",
    "prefix1", "prefix2", "prefix3", "prefix4", "prefix5",
    "suffix1", "suffix2", "suffix3", "suffix4", "suffix5",
]  # fmt: skip


WIDEST_WINDOW, WIDEST_LAYER, WIDEST_ROW = 1_001, 2**16, 2**18
"""What tagging takes memory for is a multiple of these, whatever the size of a model's files. The
last one is of the numbers that a word adds to the windows that it is in."""


RENAMED = {"repeats": "document_context", "recase": "case_augmentation"}
"""Fields that had another name in 0.1.0. Callers may use the old name, and saved models do."""


ADDED = frozenset(
    {
        "min_count",
        "gold_bonus",
        "cluster_prefixes",
        "cluster_dropout",
        "name_augmentation",
        "template_augmentation",
        "folds",
    }
)
"""Fields that 0.1.0 does not have. Where they have their default, a training is one of 0.1.0."""


class Config(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={new: old for old, new in RENAMED.items()},
):
    """What a network is made of and how it is trained.

    The description of each field is also the help text of its command-line option.
    """

    level: Annotated[
        Literal["word", "sentence"],
        Meta(description="Score each word by itself, or whole paths of tags."),
    ] = "sentence"
    loss: Annotated[
        Literal["softmax", "max-margin", "squared-error", "ranking"],
        Meta(
            description="What training makes small; ranking scores windows with the label "
            "--positive in the centre above others."
        ),
    ] = "softmax"
    positive: Annotated[
        str | None, Meta(description="The label that --loss ranking looks for, such as LOC.")
    ] = None
    corruptions: Annotated[
        Count, Meta(description="Corrupted windows for each real one, with --loss ranking.")
    ] = 5
    constrained: Annotated[
        bool, Meta(description="Decode only sequences of tags that spell whole spans.")
    ] = True
    window: Annotated[
        Count, Meta(description="Width of the window in words; odd, so that one is the centre.")
    ] = 5
    sentence_mean: Annotated[
        bool, Meta(description="One more slot of the window: the mean of the sentence's words.")
    ] = True
    document_context: Annotated[
        bool,
        Meta(
            description="Share context between mentions of the same name in a document; the "
            "corpus must mark documents."
        ),
    ] = True
    hidden: Annotated[
        tuple[Count, ...],
        Meta(min_length=1, description="Units of a hidden layer; again for each further layer."),
    ] = (300,)
    activation: Annotated[
        Literal["relu", "tanh", "hard-tanh", "logistic"],
        Meta(description="The hidden layer's function f."),
    ] = "relu"
    init: Annotated[
        Literal["glorot", "he", "gaussian", "uniform"],
        Meta(description="Distribution of the starting weights."),
    ] = "glorot"
    features: Annotated[
        tuple[FeatureName, ...],
        Meta(
            description="A lookup table beside the word vectors: shape (letter case), written "
            "(the word as written), prefixN or suffixN (N letters); again for the next; none."
        ),
    ] = ("shape", "written", "prefix2", "prefix3", "prefix4", "suffix2", "suffix3", "suffix4")
    feature_dimensions: Annotated[
        Count, Meta(description="Numbers in a row of each such table.")
    ] = 15
    min_count: Annotated[
        Count,
        Meta(
            description="A value of a feature that the training text has less often, in any letter "
            "case that it is read in, gets no row: a smaller model."
        ),
    ] = 1
    cluster_prefixes: Annotated[
        tuple[Count, ...],
        Meta(
            min_length=1,
            description="Bits of the prefixes of Brown clusters, each of which is a lookup table; "
            "again for the next.",
        ),
    ] = (4, 6, 10, 20)
    vocabulary: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(
            description="How many of the vectors' most frequent words the model knows besides "
            "the words of the training text."
        ),
    ] = 100_000
    freeze_vectors: Annotated[bool, Meta(description="Leave the word vectors as they came.")] = (
        False
    )
    dropout: Annotated[
        Probability, Meta(description="Share of a word's numbers that is left out in training.")
    ] = 0.5
    hidden_dropout: Annotated[
        Probability, Meta(description="Share of the hidden units that is left out in training.")
    ] = 0.3
    word_dropout: Annotated[
        Probability, Meta(description="Share of the words that training takes for unknown ones.")
    ] = 0.05
    cluster_dropout: Annotated[
        Probability,
        Meta(description="Share of the words that training takes for words without a cluster."),
    ] = 0.15
    case_augmentation: Annotated[
        float,
        Meta(
            ge=0.0,
            le=0.5,
            description="Share of the sentences that training reads in capitals; the same share "
            "is read in lower case.",
        ),
    ] = 0.05
    name_augmentation: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Share of the sentences with names of the types of --names that training "
            "reads once more, with other names from the lists.",
        ),
    ] = 0.0
    template_augmentation: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Sentences such as 'Dear NAME,' that training reads besides, with names "
            "from --names or from the training text, as a share of the sentences of that text.",
        ),
    ] = 0.0
    optimizer: Annotated[
        Literal["adam", "adagrad", "sgd"], Meta(description="How the parameters are moved.")
    ] = "adam"
    momentum: Annotated[Probability, Meta(description="Momentum of sgd.")] = 0.0
    rate: Annotated[
        Annotated[float, Meta(gt=0.0, le=1e300)], Meta(description="Learning rate at the start.")
    ] = 1e-3
    schedule: Annotated[
        Literal["linear", "cosine", "constant"],
        Meta(description="How the learning rate falls over the epochs."),
    ] = "linear"
    batch_size: Annotated[
        Count | Literal["all"],
        Meta(description="How many of them make a batch; all: the whole training text."),
    ] = 16
    batch_of: Annotated[
        Literal["sentences", "tokens", "words"],
        Meta(
            description="What a batch is counted in: whole sentences, the tokens of whole "
            "sentences, or words that are drawn one by one."
        ),
    ] = "sentences"
    epochs: Annotated[Count, Meta(description="Passes over the training text, at the most.")] = 14
    patience: Annotated[
        Count,
        Meta(description="Stop after so many epochs without a better F1 on the dev text."),
    ] = 15
    teachers: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(
            description="Networks of other seeds that are trained first; the network then learns "
            "from the mean of their scores."
        ),
    ] = 0
    gold_bonus: Annotated[
        Annotated[float, Meta(ge=0.0, le=1e3)],
        Meta(
            description="What is added to the teachers' scores of the tags that agree with the "
            "labels of the training text; 0: the network learns from the teachers alone."
        ),
    ] = 0.0
    folds: Annotated[
        Annotated[int, Meta(ge=0, le=100)],
        Meta(
            description="Number of parts of the training text, each a fifth, that are held out in "
            "turn from a further network to choose the epoch, calibrate scores and estimate the "
            "F1; used only without a dev text."
        ),
    ] = 0
    seed: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(description="Fixes all that is drawn at random: the same seed, the same model."),
    ] = 1

    def __post_init__(self) -> None:
        if self.window % 2 == 0:
            raise ValueError(f"`window`: expected an odd number, got {self.window}")
        widest, row = max(self.hidden), self.window * self.hidden[0]
        if self.window > WIDEST_WINDOW or widest > WIDEST_LAYER or row > WIDEST_ROW:
            raise ValueError(
                f"a window of {self.window:,} and layers of {widest:,} units: expected at most "
                f"{WIDEST_WINDOW:,} and {WIDEST_LAYER:,}, and {WIDEST_ROW:,} window by first layer"
            )
        if self.level == "sentence" and self.loss not in ("softmax", "max-margin"):
            raise ValueError(
                f"`level='sentence'` has no `loss='{self.loss}'`: softmax or max-margin"
            )
        for setting, given in (
            ("`level='sentence'`", self.level == "sentence"),
            ("`sentence_mean=True`", self.sentence_mean),
            ("`document_context=True`", self.document_context),
            ("`batch_of='tokens'`", self.batch_of == "tokens"),
        ):
            if given and self.loss == "ranking":
                raise ValueError(f"{setting} needs whole sentences; `loss='ranking'` has windows")
            if given and self.batch_of == "words":
                raise ValueError(f"{setting} needs `batch_of='sentences'` or tokens")
        if self.teachers and self.loss != "softmax":
            raise ValueError(f"`teachers` needs `loss='softmax'`, not {self.loss}")
        if self.loss == "ranking" and not self.positive:
            raise ValueError("`loss='ranking'` needs a label, such as `positive='LOC'`")
        if self.positive and self.loss != "ranking":
            raise ValueError(f"`positive='{self.positive}'` needs `loss='ranking'`")


def make_config(settings: dict[str, Any]) -> Config:
    """Check settings and fill in the rest.

    Parameters
    ----------
    settings : dict
        Fields of `Config`; as from JSON, lists serve for tuples, and a single value for one.
        "preset" names settings that the others add to or replace. Where the loss or the batches
        are of single words, so is the level, if nothing else is said.

    Raises
    ------
    UsageError
        For an unknown field or a value out of its range; names both.
    """
    settings = given_settings(settings)
    if settings.get("loss") in ("squared-error", "ranking") or settings.get("batch_of") == "words":
        settings = {"level": "word"} | settings
    if settings.get("loss") == "ranking" or settings.get("batch_of") == "words":
        settings = {"sentence_mean": False, "document_context": False} | settings
    return check_settings(Config, settings, "preset")


def given_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Copy settings under the names that their fields have now, those of a preset spelled out.

    Raises
    ------
    UsageError
        For an unknown preset, or a setting that is given by its old and by its new name.
    """
    given = current_names(settings)
    if "preset" in given:
        given = preset_settings(given.pop("preset")) | given
    return given


def current_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Copy settings, each under the name that its field has now.

    Parameters
    ----------
    settings : mapping of str to object
        Some may have a name of 0.1.0, see `RENAMED`.

    Raises
    ------
    UsageError
        If a setting is given by its old and by its new name.
    """
    for old, new in RENAMED.items():
        if old in settings and new in settings:
            raise UsageError(f"{old} is the former name of {new}: give one of them")
    return {RENAMED.get(name, name): value for name, value in settings.items()}
