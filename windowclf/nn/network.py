"""The window network: lookup, window layer, further layers, scores; and the way back."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from itertools import pairwise

import numpy as np

from windowclf.nn.activations import ACTIVATIONS
from windowclf.nn.arrays import FloatArray, Run
from windowclf.nn.batch import Batch
from windowclf.nn.dense import dense_layer
from windowclf.nn.document_context import document_context
from windowclf.nn.dropout import dropout
from windowclf.nn.initializers import INITIALIZERS
from windowclf.nn.lookup import lookup
from windowclf.nn.parameter import Parameter, TableParameter
from windowclf.nn.sentence_mean import sentence_mean_layer
from windowclf.nn.window import window_layer


class Network:
    """Scores ``s = Uᵀ f(… f(Wx + b) …) + b_u`` of each token's window.

    Parameters
    ----------
    tables : dict of str to float array, shapes (V_f, d_f)
        The lookup tables ``L_f``, by feature; row 0 is the padding.
    weights, biases : sequence of float array
        ``W, b`` with ``W`` of shape (d, 2c+1, H), see `window_layer`; those of each further
        layer, shapes (H_l, H_l+1) and (H_l+1,); the last pair is ``U, b_u``.
    activation : str
        A key of `ACTIVATIONS`.
    sentence_weight : float array, shape (d, H), optional
        ``W_s``, which makes the mean of the sentence one more slot of each window.
    document_weight : float array, shape (H,), optional
        ``g``, by which a window heeds those of the same word elsewhere in the document.
    input_dropout, hidden_dropout : float
        Probability that an element of a word's vector, or of a hidden layer or a sentence's
        mean, is left out while training.

    Attributes
    ----------
    tables : dict of str to TableParameter
    weights, biases : list of Parameter
    sentence_weight, document_weight : Parameter or None
    """

    def __init__(
        self,
        tables: Mapping[str, FloatArray],
        weights: Sequence[FloatArray],
        biases: Sequence[FloatArray],
        *,
        activation: str,
        sentence_weight: FloatArray | None = None,
        document_weight: FloatArray | None = None,
        input_dropout: float = 0.0,
        hidden_dropout: float = 0.0,
    ) -> None:
        self.tables = {name: TableParameter(value) for name, value in tables.items()}
        self.weights = [Parameter(value) for value in weights]
        self.biases = [Parameter(value) for value in biases]
        self.sentence_weight = None if sentence_weight is None else Parameter(sentence_weight)
        self.document_weight = None if document_weight is None else Parameter(document_weight)
        self.activation = ACTIVATIONS[activation]
        self.input_dropout = input_dropout
        self.hidden_dropout = hidden_dropout

    def replica(self) -> "Network":
        """Make a network that shares all values, and collects gradients of its own."""
        replica = copy(self)
        replica.tables = {name: table.replica() for name, table in self.tables.items()}
        replica.weights = [weight.replica() for weight in self.weights]
        replica.biases = [bias.replica() for bias in self.biases]
        replica.sentence_weight = self.sentence_weight and self.sentence_weight.replica()
        replica.document_weight = self.document_weight and self.document_weight.replica()
        return replica

    def parameters(self) -> dict[str, Parameter]:
        """List the parameters by name, from the words to the scores."""
        named: dict[str, Parameter] = {f"L_{name}": table for name, table in self.tables.items()}
        names = layer_names(len(self.weights))
        for (w, b), weight, bias in zip(names, self.weights, self.biases, strict=True):
            named[w], named[b] = weight, bias
        if self.sentence_weight is not None:
            named["W_s"] = self.sentence_weight
        if self.document_weight is not None:
            named["g"] = self.document_weight
        return named

    def forward(
        self, batch: Batch, rng: "np.random.Generator | None" = None, run: Run = map
    ) -> tuple[FloatArray, Callable[[FloatArray], list[float]]]:
        """Score a batch.

        Parameters
        ----------
        batch : Batch
            ``N`` tokens.
        rng : numpy.random.Generator, optional
            Draws the dropout masks; without it nothing is dropped.
        run : callable
            See `window_layer`.

        Returns
        -------
        s : float array, shape (N, K)
        backward : callable
            Takes ``∂J/∂s``, shape (N, K); adds to the gradient of every parameter; returns
            ``‖δ^(l)‖`` of each layer, the first hidden layer first and the scores last.
            Layer by layer from the last: ``δ^(l) = f'(z^(l)) ⊙ (W^(l+1)ᵀ δ^(l+1))``
            (sources 000, 002, 003).
        """
        f, slope = self.activation
        words, lookup_back = lookup(list(self.tables.values()), batch.features)
        z, first_back = self._first_layer(words, batch, rng, run)
        steps: list[tuple[FloatArray, Callable[..., FloatArray], Callable[..., FloatArray]]] = []
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            a = f(z)
            dropped, hidden_back = dropout(a, self.hidden_dropout, rng)
            z, dense_back = dense_layer(weight, bias, dropped)
            steps.append((a, hidden_back, dense_back))

        def backward(ds: FloatArray) -> list[float]:
            delta = ds
            norms = [float(np.linalg.norm(delta))]
            for a, hidden_back, dense_back in reversed(steps):
                delta = hidden_back(dense_back(delta))
                delta *= slope(a)
                norms.append(float(np.linalg.norm(delta)))
            lookup_back(first_back(delta))
            return norms[::-1]

        return z, backward

    def _first_layer(
        self, words: FloatArray, batch: Batch, rng: "np.random.Generator | None", run: Run
    ) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
        """Project the windows, and what lies further off; return ``z`` and the way to ``∂J/∂e``."""
        e, drop_back = dropout(words, self.input_dropout, rng)
        z, window_back = window_layer(self.weights[0], self.biases[0], e, batch.windows, run)
        document_back = sentence_back = None
        if self.document_weight is not None and batch.mentions is not None:
            z, document_back = document_context(self.document_weight, z, batch.mentions)
        tokens = int(batch.lengths.sum())
        further = len(z) - tokens
        z = z[:tokens]
        if self.sentence_weight is not None:
            centres = batch.windows[:tokens, batch.windows.shape[1] // 2]
            mean, sentence_back = sentence_mean_layer(
                self.sentence_weight, words, centres, batch.lengths, self.hidden_dropout, rng
            )
            z += mean

        def backward(delta: FloatArray) -> FloatArray:
            of_sentence = 0 if sentence_back is None else sentence_back(delta)
            if further:
                delta = np.concatenate([delta, np.zeros((further, delta.shape[1]), delta.dtype)])
            if document_back is not None:
                delta = document_back(delta)
            de: FloatArray = drop_back(window_back(delta)) + of_sentence
            return de

        return z, backward


def layer_names(layers: int) -> list[tuple[str, str]]:
    """Name the weights and biases of each layer: ``W1, b1`` up to ``U, b_u``."""
    return [(f"W{i}", f"b{i}") for i in range(1, layers)] + [("U", "b_u")]


def initial_weights(
    init: str,
    rng: "np.random.Generator",
    *,
    dimensions: int,
    window: int,
    hidden: Sequence[int],
    classes: int,
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Draw the starting weights of a network; biases start at zero.

    Parameters
    ----------
    init : str
        A key of `INITIALIZERS`.
    rng : numpy.random.Generator
    dimensions : int
        ``d``, the length of a word's joined vector.
    window : int
        ``2c + 1``.
    hidden : sequence of int
        Units of each hidden layer, the first one first.
    classes : int
        ``K``.

    Returns
    -------
    weights, biases : list of float64 array
        As `Network` takes them.
    """
    sizes = [dimensions * window, *hidden, classes]
    weights = [INITIALIZERS[init](rng, shape) for shape in pairwise(sizes)]
    # (2c+1, d, H) → (d, 2c+1, H): the layout that projects a distinct word in one product
    first = weights[0].reshape(window, dimensions, sizes[1]).transpose(1, 0, 2)
    return [np.ascontiguousarray(first), *weights[1:]], [np.zeros(size) for size in sizes[1:]]
