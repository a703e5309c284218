"""The record of a training."""

import msgspec


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """What one epoch came to.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    loss : float
        Mean over the training text.
    rate : float
        Learning rate of the last batch.
    seconds : float
        Time of training, without the evaluation.
    tokens_per_second : float
    sensitivities, gradients : dict of str to float
        Means over the epoch's batches: ``‖δ^(l)‖`` of each layer and the norm of each
        parameter's gradient; None where it is past the range of the type.
    precision, recall, f1 : float, optional
        On the dev text, from 0 to 1.
    average_precision : float, optional
        On the dev text, of a model that ranks.
    best : bool
        Whether the F1 is the best so far.
    """

    epoch: int
    loss: float
    rate: float
    seconds: float
    tokens_per_second: float
    sensitivities: dict[str, float | None]
    gradients: dict[str, float | None]
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    average_precision: float | None = None
    best: bool = True


class TrainingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a model came about.

    Parameters
    ----------
    data : str
        Name of the corpus.
    vectors : str
        Name of the word vectors.
    sentences, tokens : dict of str to int
        By split.
    epochs : list of Epoch
    best_epoch : int
        The one whose parameters the model has.
    vectors_moved : float
        Mean length of the path from a training word's first vector to its last, as a share of
        the length of the first.
    seconds : float
        Time of training, without evaluation.
    versions : dict of str to str
    """

    data: str
    vectors: str
    sentences: dict[str, int]
    tokens: dict[str, int]
    epochs: list[Epoch]
    best_epoch: int
    vectors_moved: float
    seconds: float
    versions: dict[str, str]
