"""The network of the lecture notes and its backward pass, as plain as the equations.

``s = Uᵀ f(Wx + b) + b_u`` scores the K classes of the word in the middle of a window; f is tanh.
`windowclf.nn.network` computes the same numbers faster, and the tests compare it with this page.

    L        (V, d)                 word vectors, a row for each word; row 0 is the padding
    W, b     (H, (2c+1)d), (H,)     hidden layer of H units
    U, b_u   (H, K), (K,)           output layer
    windows  (N, 2c+1)              the rows of L in each of the N windows of a batch
    x        (N, (2c+1)d)           their word vectors, joined
    z, a     (N, H)                 input and output of the hidden units, a = f(z)
    s, y     (N, K), (N,)           scores of the classes, and the right class
    δ        (N, H)                 local error signal, δ = ∂J/∂z

The equations write one example as a column, the arrays as a row: Wx becomes x @ W.T, and the
outer product δ xᵀ becomes delta.T @ x, which also adds up the N examples.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]
Parameters = tuple[Floats, Floats, Floats, Floats, Floats]  # L, W, b, U, b_u, or their gradients


def window_rows(sentences: list[list[int]], c: int) -> Ints:
    """List the window of each word, as rows of L: c words, the word itself, c words.

    Past the ends of a sentence the window has padding, never a word of the next sentence.
    """
    padded = [[0] * c + sentence + [0] * c for sentence in sentences]
    return np.array([p[t : t + 2 * c + 1] for p in padded for t in range(len(p) - 2 * c)])


def forward(parameters: Parameters, windows: Ints) -> tuple[Floats, Floats, Floats]:
    """Score each window; return x and a, which the backward pass needs, and s."""
    L, W, b, U, b_u = parameters
    x = L[windows].reshape(len(windows), -1)          # x_t = [e_t-c; …; e_t+c], e a row of L
    z = x @ W.T + b                                   # z = Wx + b
    a = np.tanh(z)                                    # a = f(z)
    s = a @ U + b_u                                   # s = Uᵀa + b_u
    return x, a, s


def softmax_loss(s: Floats, y: Ints) -> tuple[float, Floats]:
    """Compute the mean loss over the batch and its gradient ds = ∂J/∂s, shape (N, K)."""
    N, K = s.shape
    shifted = s - s.max(axis=1, keepdims=True)        # exp cannot overflow; softmax is the same
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_p[np.arange(N), y].mean()             # J = -log softmax(s)_y
    ds = (np.exp(log_p) - np.eye(K)[y]) / N           # ∂J/∂s = softmax(s) - 1_y
    return float(loss), ds


def backward(parameters: Parameters, windows: Ints, x: Floats, a: Floats, ds: Floats) -> Parameters:
    """Carry ∂J/∂s back to every parameter; each gradient has the shape of its parameter."""
    L, W, _, U, _ = parameters
    dU = a.T @ ds                                     # ∂J/∂U = a (∂J/∂s)ᵀ
    db_u = ds.sum(axis=0)                             # ∂J/∂b_u = ∂J/∂s
    delta = (1 - a**2) * (ds @ U.T)                   # δ = f'(z) ⊙ (U ∂J/∂s),  tanh' = 1 - tanh²
    dW = delta.T @ x                                  # ∂J/∂W = δ xᵀ
    db = delta.sum(axis=0)                            # ∂J/∂b = δ
    dx = delta @ W                                    # ∂J/∂x = Wᵀδ, d numbers for each word
    # A word that occurs in several windows, or twice in one, accumulates all its gradients;
    # dL[windows] += dx would keep only the last.
    dL = np.zeros_like(L)
    np.add.at(dL, windows, dx.reshape(*windows.shape, -1))
    return dL, dW, db, dU, db_u


def sgd(parameters: Parameters, gradients: Parameters, rate: float) -> None:
    """Move every parameter a step against its gradient, in place: w ← w - η ∂J/∂w."""
    for w, dw in zip(parameters, gradients, strict=True):
        w -= rate * dw
