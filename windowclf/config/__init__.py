"""Settings: the fields that exist, their checks, and presets of them."""

from typing import Any

from windowclf.config import config
from windowclf.config.config import current_names


def Config(**settings: Any) -> config.Config:  # noqa: N802
    """Make the settings of a pickle of 0.1.0, which names this place and may have former names."""
    return config.Config(**current_names(settings))
