"""The settings of a classifier: one frozen record, checked wherever it comes from."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from windowclf.errors import UsageError

Probability = Annotated[float, Meta(ge=0.0, lt=1.0)]
Count = Annotated[int, Meta(ge=1)]
FeatureName = Annotated[str, Meta(pattern=r"^(shape|written|(prefix|suffix)[1-9])$")]


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a network is made of and how it is trained.

    The description of each field is also the help text of its command-line option.
    """

    level: Annotated[
        Literal["word", "sentence"],
        Meta(description="Score each word by itself, or whole paths of tags."),
    ] = "word"
    loss: Annotated[
        Literal["softmax", "max-margin", "squared-error"],
        Meta(description="What training makes small."),
    ] = "softmax"
    constrained: Annotated[
        bool, Meta(description="Decode only sequences of tags that spell whole spans.")
    ] = False
    window: Annotated[
        Count, Meta(description="Width of the window in words; odd, so that one is the centre.")
    ] = 5
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
    ] = ("shape", "written", "prefix2", "prefix3", "suffix2", "suffix3")
    feature_dimensions: Annotated[
        Count, Meta(description="Numbers in a row of each such table.")
    ] = 25
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
    optimizer: Annotated[
        Literal["adam", "adagrad", "sgd"], Meta(description="How the parameters are moved.")
    ] = "adam"
    momentum: Annotated[Probability, Meta(description="Momentum of sgd.")] = 0.0
    rate: Annotated[
        Annotated[float, Meta(gt=0.0)], Meta(description="Learning rate at the start.")
    ] = 1.5e-3
    schedule: Annotated[
        Literal["linear", "cosine", "constant"],
        Meta(description="How the learning rate falls over the epochs."),
    ] = "linear"
    batch_size: Annotated[Count, Meta(description="Sentences in a batch.")] = 32
    epochs: Annotated[Count, Meta(description="Passes over the training text, at the most.")] = 12
    patience: Annotated[
        Count,
        Meta(description="Stop after so many epochs without a better F1 on the dev text."),
    ] = 5
    seed: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(description="Fixes all that is drawn at random: the same seed, the same model."),
    ] = 1

    def __post_init__(self) -> None:
        if self.window % 2 == 0:
            raise ValueError(f"expected an odd number, got {self.window}")
        if self.level == "sentence" and self.loss not in ("softmax", "max-margin"):
            raise ValueError(f"--level sentence has no loss {self.loss}: softmax or max-margin")


def make_config(settings: dict[str, Any]) -> Config:
    """Check settings and fill in the rest.

    Parameters
    ----------
    settings : dict
        Fields of `Config`; as from JSON, lists serve for tuples, and a single value for one.

    Returns
    -------
    Config

    Raises
    ------
    UsageError
        For an unknown field or a value out of its range; names both.
    """
    known = [field.name for field in msgspec.structs.fields(Config)]
    for name in settings:
        if name not in known:
            raise UsageError(f"unknown setting {name!r}: expected one of {', '.join(known)}")
    settings = {
        name: [value] if name in _TUPLES and isinstance(value, int | str) else value
        for name, value in settings.items()
    }
    # One field at a time, so that the message can name the field and its value.
    for name, value in settings.items():
        try:
            msgspec.convert({name: value}, Config)
        except msgspec.ValidationError as error:
            reason = str(error).split(" - at ")[0].replace("`", "")
            got = "" if "got" in reason else f", got {value!r}"
            option = name.replace("_", "-")
            raise UsageError(f"--{option}: {reason[0].lower()}{reason[1:]}{got}") from None
    return msgspec.convert(settings, Config)


_TUPLES = ("hidden", "features")
