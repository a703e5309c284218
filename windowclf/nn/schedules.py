"""Learning-rate schedules: the share of the rate that is left as training goes on."""

import math
from collections.abc import Callable

SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda _done: 1.0,
    "linear": lambda done: 1.0 - done,
    "cosine": lambda done: 0.5 * (1.0 + math.cos(math.pi * done)),
}
"""Each takes the share of the training that is done, in [0, 1), and returns a factor."""
