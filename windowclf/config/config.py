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
"""Upper limits of a model's sizes. They bound the memory of tagging, whatever a model file claims.
`WIDEST_ROW` limits the numbers that one word adds to the windows around it."""


RENAMED = {"repeats": "document_context", "recase": "case_augmentation"}
"""Fields by their name in 0.1.0, which callers may still use and old saved models contain."""


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
"""Fields that 0.1.0 does not have. With their defaults, training is the same as in 0.1.0."""


class Config(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={new: old for old, new in RENAMED.items()},
):
    """The structure of a network and its training.

    The description of each field is also the help text of its command-line option.
    """

    level: Annotated[
        Literal["word", "sentence"],
        Meta(description="Score each word by itself, or whole tag sequences."),
    ] = "sentence"
    loss: Annotated[
        Literal["softmax", "max-margin", "squared-error", "ranking"],
        Meta(
            description="Loss that training minimises; ranking scores windows with the label "
            "--positive in the centre above all others."
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
    window: Annotated[Count, Meta(description="Width of the window in words; must be odd.")] = 5
    sentence_mean: Annotated[
        bool, Meta(description="Add the mean of the sentence's word vectors to each window.")
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
        Meta(min_length=1, description="Units of a hidden layer; repeat for further layers."),
    ] = (300,)
    activation: Annotated[
        Literal["relu", "tanh", "hard-tanh", "logistic"],
        Meta(description="Activation function of the hidden layers."),
    ] = "relu"
    init: Annotated[
        Literal["glorot", "he", "gaussian", "uniform"],
        Meta(description="Distribution of the initial weights."),
    ] = "glorot"
    features: Annotated[
        tuple[FeatureName, ...],
        Meta(
            description="Feature besides the word vector: shape (letter case), written (the word "
            "as written), prefixN or suffixN (N letters), or none; repeat for more."
        ),
    ] = ("shape", "written", "prefix2", "prefix3", "prefix4", "suffix2", "suffix3", "suffix4")
    feature_dimensions: Annotated[
        Count, Meta(description="Length of the vector of each feature.")
    ] = 15
    min_count: Annotated[
        Count,
        Meta(
            description="Fewest occurrences of a feature value in the training text, in all letter "
            "cases it is read in; rarer values get no vector, which makes the model smaller."
        ),
    ] = 1
    cluster_prefixes: Annotated[
        tuple[Count, ...],
        Meta(
            min_length=1,
            description="Length in bits of a prefix of Brown clusters to use as a feature; repeat "
            "for more.",
        ),
    ] = (4, 6, 10, 20)
    vocabulary: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(
            description="Number of the most frequent words with vectors that the model knows, "
            "besides the words of the training text."
        ),
    ] = 100_000
    freeze_vectors: Annotated[bool, Meta(description="Do not train the word vectors.")] = False
    dropout: Annotated[Probability, Meta(description="Dropout rate of the input vectors.")] = 0.5
    hidden_dropout: Annotated[
        Probability, Meta(description="Dropout rate of the hidden units.")
    ] = 0.3
    word_dropout: Annotated[
        Probability, Meta(description="Share of words that training replaces by the unknown word.")
    ] = 0.05
    cluster_dropout: Annotated[
        Probability,
        Meta(description="Share of words that training reads as if they had no cluster."),
    ] = 0.15
    case_augmentation: Annotated[
        float,
        Meta(
            ge=0.0,
            le=0.5,
            description="Share of sentences that training reads in capitals; the same share is "
            "read in lower case.",
        ),
    ] = 0.05
    name_augmentation: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Share of the sentences with names that training reads a second time, with "
            "other names of the same type from the lists of --names.",
        ),
    ] = 0.0
    template_augmentation: Annotated[
        float,
        Meta(
            ge=0.0,
            le=1.0,
            description="Number of extra training sentences such as 'Dear NAME,', as a share of "
            "the training text; their names come from --names or from that text.",
        ),
    ] = 0.0
    optimizer: Annotated[
        Literal["adam", "adagrad", "sgd"], Meta(description="Optimiser of the parameters.")
    ] = "adam"
    momentum: Annotated[Probability, Meta(description="Momentum of sgd.")] = 0.0
    rate: Annotated[
        Annotated[float, Meta(gt=0.0, le=1e300)], Meta(description="Initial learning rate.")
    ] = 1e-3
    schedule: Annotated[
        Literal["linear", "cosine", "constant"],
        Meta(description="How the learning rate changes over the epochs."),
    ] = "linear"
    batch_size: Annotated[
        Count | Literal["all"],
        Meta(description="Size of a batch, counted as --batch-of says; all: the whole text."),
    ] = 16
    batch_of: Annotated[
        Literal["sentences", "tokens", "words"],
        Meta(
            description="Unit of --batch-size: whole sentences, the tokens of whole sentences, "
            "or single words drawn at random."
        ),
    ] = "sentences"
    epochs: Annotated[Count, Meta(description="Largest number of passes over the text.")] = 14
    patience: Annotated[
        Count,
        Meta(description="Stop after this many epochs without a better F1 on the dev text."),
    ] = 15
    teachers: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(
            description="Number of teachers: networks with other seeds that are trained first; "
            "the network then learns from the mean of their scores."
        ),
    ] = 0
    gold_bonus: Annotated[
        Annotated[float, Meta(ge=0.0, le=1e3)],
        Meta(
            description="Bonus on the teachers' scores for tags that agree with the training "
            "labels; with 0 the network learns from the teachers alone."
        ),
    ] = 0.0
    folds: Annotated[
        Annotated[int, Meta(ge=0, le=100)],
        Meta(
            description="Number of extra networks, each trained without another fifth of the text, "
            "to choose the epoch, calibrate scores and estimate the F1; used only without a dev "
            "text."
        ),
    ] = 0
    seed: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(description="Seed of all random numbers; the same seed gives the same model."),
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
                f"`level='sentence'` needs the loss softmax or max-margin, not {self.loss}"
            )
        for setting, given in (
            ("`level='sentence'`", self.level == "sentence"),
            ("`sentence_mean=True`", self.sentence_mean),
            ("`document_context=True`", self.document_context),
            ("`batch_of='tokens'`", self.batch_of == "tokens"),
        ):
            if given and self.loss == "ranking":
                raise ValueError(f"{setting} needs whole sentences; `loss='ranking'` uses windows")
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
        Fields of `Config`; as in JSON, a list or a single value may stand for a tuple. "preset"
        names settings that the others add to or replace. If the loss or the batches need single
        words, the level defaults to words.

    Raises
    ------
    UsageError
        If a field is unknown or its value is out of range; the message names both.
    """
    settings = given_settings(settings)
    if settings.get("loss") in ("squared-error", "ranking") or settings.get("batch_of") == "words":
        settings = {"level": "word"} | settings
    if settings.get("loss") == "ranking" or settings.get("batch_of") == "words":
        settings = {"sentence_mean": False, "document_context": False} | settings
    return check_settings(Config, settings, "preset")


def given_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Copy settings under the current field names, with a preset replaced by its settings.

    Raises
    ------
    UsageError
        If the preset is unknown, or a setting appears under both its old and its new name.
    """
    given = current_names(settings)
    if "preset" in given:
        given = preset_settings(given.pop("preset")) | given
    return given


def current_names(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Copy settings under the current field names.

    Parameters
    ----------
    settings : mapping of str to object
        Some may have a name of 0.1.0, see `RENAMED`.

    Raises
    ------
    UsageError
        If a setting appears under both its old and its new name.
    """
    for old, new in RENAMED.items():
        if old in settings and new in settings:
            raise UsageError(f"{old} is the former name of {new}: set only one of them")
    return {RENAMED.get(name, name): value for name, value in settings.items()}
