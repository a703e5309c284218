"""The window network: lookup, window layer, hidden layers and scores, with the backward pass."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from windowclf.nn.arrays import FloatArray, Run
from windowclf.nn.batch import Batch
from windowclf.nn.context import document_context, sentence_mean_layer
from windowclf.nn.initializers import INITIALIZERS
from windowclf.nn.layers import ACTIVATIONS, dense_layer, dropout, lookup, window_layer
from windowclf.nn.parameter import Parameter, TableParameter


class Network:
    """Computes the scores ``s = Uᵀ f(… f(Wx + b) …) + b_u`` of each token's window.

    Parameters
    ----------
    tables : dict of str to float array, shapes (V_f, d_f)
        The lookup tables ``L_f`` by feature; row 0 is the padding.
    weights, biases : sequence of float array
        One pair per layer: ``W`` of shape (d, 2c+1, H), see `window_layer`, and ``b``; then
        shapes (H_l, H_l+1) and (H_l+1,) for each further layer; last ``U, b_u``.
    activation : str
        A key of `ACTIVATIONS`.
    sentence_weight : float array, shape (d, H), optional
        ``W_s``, which makes the mean of the sentence one more slot of each window.
    document_weight : float array, shape (H,), optional
        ``g``, the weight of the other mentions of a name in the document.
    input_dropout, hidden_dropout : float
        Dropout rates in training: of the word vectors, and of the hidden layers and sentence means.
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

    def parameters(self) -> dict[str, Parameter]:
        """Return the parameters by name, from the input to the scores."""
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
            Its ``N`` tokens are scored.
        rng : numpy.random.Generator, optional
            Draws the dropout masks; without it there is no dropout.
        run : callable
            See `window_layer`.

        Returns
        -------
        s : float array, shape (N, K)
        backward : callable
            Takes ``∂J/∂s``, shape (N, K); accumulates the gradient of every parameter; returns
            ``‖δ^(l)‖`` of each layer, from the first hidden layer to the scores. It proceeds
            from the last layer to the first: ``δ^(l) = f'(z^(l)) ⊙ (W^(l+1)ᵀ δ^(l+1))``
            (Goyal 2017; Back propagation, Lecture 10; Finding the gradient of E_in, Lecture 20).
        """
        f, slope = self.activation
        z, first_back = self._first_layer(batch, rng, run)
        layers = []
        for weight, bias in zip(self.weights[1:], self.biases[1:], strict=True):
            a = f(z)
            dropped, drop_back = dropout(a, self.hidden_dropout, rng)
            z, dense_back = dense_layer(weight, bias, dropped)
            layers.append((a, drop_back, dense_back))

        def backward(ds: FloatArray) -> list[float]:
            delta = ds
            norms = [float(np.linalg.norm(delta))]
            for a, drop_back, dense_back in reversed(layers):
                delta = drop_back(dense_back(delta))
                delta *= slope(a)
                norms.append(float(np.linalg.norm(delta)))
            first_back(delta)
            return norms[::-1]

        return z, backward

    def _first_layer(
        self, batch: Batch, rng: "np.random.Generator | None", run: Run
    ) -> tuple[FloatArray, Callable[[FloatArray], None]]:
        """Compute ``z = Wx + b`` with the wider context; `backward` ends at the tables."""
        words, lookup_back = lookup(list(self.tables.values()), batch.features)
        e, drop_back = dropout(words, self.input_dropout, rng)
        tokens = int(batch.lengths.sum())
        mentions = None if self.document_weight is None else batch.mentions
        windows = batch.windows[:tokens] if mentions is None else batch.windows
        z, window_back = window_layer(self.weights[0], self.biases[0], e, windows, run)
        if self.document_weight is not None and mentions is not None:
            z, document_back = document_context(self.document_weight, z, mentions, tokens)
        if self.sentence_weight is not None:
            centres = windows[:tokens, windows.shape[1] // 2]
            mean, mean_back = sentence_mean_layer(
                self.sentence_weight, words, centres, batch.lengths, self.hidden_dropout, rng
            )
            z += mean

        def backward(delta: FloatArray) -> None:
            before = delta if mentions is None else document_back(delta)
            de = drop_back(window_back(before))
            if self.sentence_weight is not None:
                de = de + mean_back(delta)
            lookup_back(de)

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
    """Draw the initial weights of a network; biases start at zero.

    Parameters
    ----------
    init : str
        A key of `INITIALIZERS`.
    dimensions : int
        ``d``, the length of a word's concatenated vector.
    window : int
        ``2c + 1``.
    hidden : sequence of int
        Units of each hidden layer, in order.
    classes : int
        ``K``.

    Returns
    -------
    weights, biases : list of float64 array
        The arguments of `Network`.
    """
    sizes = [dimensions * window, *hidden, classes]
    weights = [INITIALIZERS[init](rng, shape) for shape in pairwise(sizes)]
    # (2c+1, d, H) → (d, 2c+1, H): in this layout one product projects a word for all slots
    first = weights[0].reshape(window, dimensions, sizes[1]).transpose(1, 0, 2)
    return [np.ascontiguousarray(first), *weights[1:]], [np.zeros(size) for size in sizes[1:]]
