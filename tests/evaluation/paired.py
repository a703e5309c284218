"""The paired bootstrap of two systems, of which a comparison does many at a time."""

import numpy as np

from windowclf.evaluation.bootstrap import SAMPLES, Difference, difference, f1, resampled_f1


def paired_bootstrap(first, second, *, samples=SAMPLES, seed=1) -> Difference:
    """Test whether the second system's F1 differs from the first one's, and by how much."""
    counts = np.stack([first, second], axis=1)
    resampled = resampled_f1(counts, samples, seed)
    whole = f1(counts.sum(axis=0))
    return difference(float(whole[1] - whole[0]), resampled[:, 1] - resampled[:, 0])
