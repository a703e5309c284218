"""The state of a random generator as text, from which it draws on."""

from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct

_Hex = Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]


class GeneratorState(Struct, frozen=True, forbid_unknown_fields=True):
    """The state of a PCG64, NumPy's generator.

    Parameters
    ----------
    state, inc : str
        Its two numbers of 128 bits, in 32 hexadecimal digits.
    has_uint32 : int
        1 if half of the last number drawn is still to be given out, else 0.
    uinteger : int
        That half.
    """

    state: _Hex
    inc: _Hex
    has_uint32: Annotated[int, Meta(ge=0, le=1)]
    uinteger: Annotated[int, Meta(ge=0, lt=2**32)]


def generator_state(rng: np.random.Generator) -> GeneratorState:
    """Read the state of a generator.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of ``numpy.random.default_rng``.
    """
    found: Any = rng.bit_generator.state
    return GeneratorState(
        state=f"{found['state']['state']:032x}",
        inc=f"{found['state']['inc']:032x}",
        has_uint32=found["has_uint32"],
        uinteger=found["uinteger"],
    )


def set_generator(rng: np.random.Generator, state: GeneratorState) -> None:
    """Let a generator draw on from a state."""
    rng.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": int(state.state, 16), "inc": int(state.inc, 16)},
        "has_uint32": state.has_uint32,
        "uinteger": state.uinteger,
    }


def generator_from(state: GeneratorState) -> np.random.Generator:
    """Make a generator that draws on from a state."""
    rng = np.random.default_rng(0)
    set_generator(rng, state)
    return rng
