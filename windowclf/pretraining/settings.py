"""The settings of pretraining, as a frozen record."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from windowclf.config.check import Count, Probability


class PretrainSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The vectors, the network, and their training.

    The description of each field is also the help text of its command-line option.
    """

    dimensions: Annotated[Count, Meta(description="Length of a word's vector.")] = 100
    window: Annotated[Count, Meta(description="Width of the window in words; must be odd.")] = 5
    hidden: Annotated[Count, Meta(description="Units of the hidden layer.")] = 100
    activation: Annotated[
        Literal["relu", "tanh", "hard-tanh", "logistic"],
        Meta(description="Activation function of the hidden layer."),
    ] = "relu"
    dropout: Annotated[Probability, Meta(description="Dropout rate of the word vectors.")] = 0.3
    min_count: Annotated[
        Count, Meta(description="Fewest occurrences of a word that gets a vector of its own.")
    ] = 1
    vocabulary: Annotated[
        Annotated[int, Meta(ge=2)], Meta(description="Largest number of words with a vector.")
    ] = 100_000
    epochs: Annotated[Count, Meta(description="Number of passes over the text.")] = 20
    batch_size: Annotated[Count, Meta(description="Number of windows in a batch.")] = 500
    optimizer: Annotated[
        Literal["adam", "adagrad", "sgd"], Meta(description="Optimiser of the parameters.")
    ] = "adam"
    rate: Annotated[
        Annotated[float, Meta(gt=0.0, le=1e300)],
        Meta(description="Initial learning rate; it falls to zero."),
    ] = 3e-3
    seed: Annotated[
        Annotated[int, Meta(ge=0)],
        Meta(description="Seed of all random numbers; the same seed gives the same vectors."),
    ] = 1

    def __post_init__(self) -> None:
        if self.window % 2 == 0:
            raise ValueError(f"`window`: expected an odd number, got {self.window}")
        if self.window == 1:
            raise ValueError("`window`: a window of 1 has no context; expected 3 or more")
