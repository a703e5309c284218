"""The settings of pretraining: one frozen record, checked wherever it comes from."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from windowclf.config.check import Count, Probability


class PretrainSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the vectors and the network are, and how they are trained.

    The description of each field is also the help text of its command-line option.
    """

    dimensions: Annotated[Count, Meta(description="Numbers in a word's vector.")] = 100
    window: Annotated[
        Count, Meta(description="Width of the window in words; odd, so that one is the centre.")
    ] = 5
    hidden: Annotated[Count, Meta(description="Units of the hidden layer.")] = 100
    activation: Annotated[
        Literal["relu", "tanh", "hard-tanh", "logistic"],
        Meta(description="The hidden layer's function f."),
    ] = "relu"
    dropout: Annotated[
        Probability, Meta(description="Share of a word's numbers that is left out in training.")
    ] = 0.3
    min_count: Annotated[
        Count, Meta(description="Occurrences that a word needs for a vector of its own.")
    ] = 1
    vocabulary: Annotated[
        Annotated[int, Meta(ge=2)], Meta(description="Words with a vector at the most.")
    ] = 100_000
    epochs: Annotated[Count, Meta(description="Passes over the text.")] = 20
    batch_size: Annotated[Count, Meta(description="Windows in a batch.")] = 500
    optimizer: Annotated[
        Literal["adam", "adagrad", "sgd"], Meta(description="How the parameters are moved.")
    ] = "adam"
    rate: Annotated[
        Annotated[float, Meta(gt=0.0, le=1e300)],
        Meta(description="Learning rate at the start; it falls to zero."),
    ] = 3e-3
    seed: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(description="Fixes all that is drawn at random: the same seed, the same vectors."),
    ] = 1

    def __post_init__(self) -> None:
        if self.window % 2 == 0:
            raise ValueError(f"`window`: expected an odd number, got {self.window}")
        if self.window == 1:
            raise ValueError("`window`: a window of 1 has no context; expected 3 or more")
