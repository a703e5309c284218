"""Settings: their fields, checks and presets."""

from typing import Any

from windowclf.config import config
from windowclf.config.config import current_names


def Config(**settings: Any) -> config.Config:  # noqa: N802
    """Load the settings of a 0.1.0 pickle, which refers to this path and may use old names."""
    return config.Config(**current_names(settings))
