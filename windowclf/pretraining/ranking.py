"""Real windows against corrupted ones: scores, the loss, and the way back into the vectors."""

import numpy as np

from windowclf.nn.arrays import IntArray
from windowclf.nn.batch import Batch
from windowclf.nn.losses import ranking_loss
from windowclf.nn.network import Network


def window_batch(windows: IntArray) -> Batch:
    """Make a batch of windows whose entries are rows of the lookup table.

    Parameters
    ----------
    windows : int array, shape (N, 2c+1)

    Returns
    -------
    Batch
    """
    used, places = np.unique(windows, return_inverse=True)
    return Batch(
        features=used[:, None],
        windows=places.reshape(windows.shape),
        lengths=np.ones(len(windows), dtype=np.int32),
    )


def share_outranking(network: Network, real: IntArray, corrupt: IntArray) -> float:
    """Measure which share of the windows score above their corrupted replicas.

    Parameters
    ----------
    network : Network
        With one score, ``K = 1``.
    real, corrupt : int array, shape (N, 2c+1)
    """
    s, _ = network.forward(window_batch(np.concatenate([real, corrupt])))
    return float(np.mean(s[: len(real)] > s[len(real) :]))


def add_gradients(
    network: Network,
    real: IntArray,
    corrupt: IntArray,
    rng: np.random.Generator | None = None,
) -> float:
    """Compute the mean of ``J = max(0, 1 - s + s̃)`` and add to the gradients.

    Parameters
    ----------
    network : Network
        With one score, ``K = 1``.
    real, corrupt : int array, shape (N, 2c+1)
    rng : numpy.random.Generator, optional
        Draws the dropout masks.

    Returns
    -------
    float
    """
    s, backward = network.forward(window_batch(np.concatenate([real, corrupt])), rng)
    loss, ds, ds_corrupt = ranking_loss(s[: len(real)], s[len(real) :])
    backward(np.concatenate([ds, ds_corrupt]))
    return loss
