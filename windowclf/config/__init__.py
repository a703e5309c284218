"""Settings: the fields that exist, their checks, and presets of them."""

from windowclf.config.config import Config

__all__ = ["Config"]
