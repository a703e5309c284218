"""``windowclf presets``."""

import json
from typing import Any

import click

from windowclf.cli.console import stdout_has_colour
from windowclf.cli.options import json_option
from windowclf.config.presets import PRESETS


@click.command(short_help="List the presets for --preset.")
@json_option
def presets(as_json: bool) -> None:
    """List the presets for --preset, with their sources and settings.

    \b
    windowclf presets
    windowclf train --preset algorithm-1
    """
    if as_json:
        facts = {
            name: preset._asdict() | {"settings": dict(preset.settings)}
            for name, preset in PRESETS.items()
        }
        click.echo(json.dumps(facts))
        return
    for name, preset in PRESETS.items():
        settings = ", ".join(f"{key} {_plain(value)}" for key, value in preset.settings.items())
        click.echo(click.style(name, bold=True), color=stdout_has_colour())
        click.echo(f"    {preset.system}")
        click.echo(f"    source:   {preset.source}")
        click.echo(f"    settings: {settings or 'the defaults'}")


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return str(value)
