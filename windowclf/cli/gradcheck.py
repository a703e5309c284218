"""``windowclf gradcheck``."""

import json
from typing import Any

import click

from windowclf.cli.console import print_table
from windowclf.cli.groups import OF_TRAINING, RUNNING, Group, GroupedCommand
from windowclf.cli.options import config_options, given_settings, json_option
from windowclf.config.config import make_config
from windowclf.config.presets import PRESETS


@click.command(
    cls=GroupedCommand,
    groups=(Group("Check", ("check_all",)), *OF_TRAINING, RUNNING),
    short_help="Check the gradients of a network against finite differences.",
)
@click.option("--all", "check_all", is_flag=True, help="Check every preset.")
@config_options
@json_option
@click.pass_context
def gradcheck(context: click.Context, /, check_all: bool, as_json: bool, **options: Any) -> None:
    """Check the gradients of a network against finite differences.

    For each parameter of the network that the options describe, the gradient of the backward pass
    is compared with finite differences of the loss, in float64. Softmax and max-margin are also
    checked on text in which some types are not annotated. The exit code is 1 if a gradient is
    wrong.

    \b
    windowclf gradcheck
    windowclf gradcheck --level sentence --loss max-margin --hidden 100 --hidden 50
    windowclf gradcheck --all
    """
    from windowclf.nn.gradcheck import TOLERANCE
    from windowclf.reports.terminal.tables import gradient_table
    from windowclf.training.gradients import check_config

    settings = given_settings(options)
    if check_all:
        settings.pop("preset", None)
        configs = {name: make_config({"preset": name, **settings}) for name in PRESETS}
    else:
        configs = {"the settings given" if settings else "the defaults": make_config(settings)}
    found = {name: list(check_config(config)) for name, config in configs.items()}
    passed = all(check.passed for checks in found.values() for check in checks)
    if as_json:
        facts = {
            name: {check.name: {"shape": check.shape, "error": check.error, "passed": check.passed}
                   for check in checks}
            for name, checks in found.items()
        }  # fmt: skip
        click.echo(json.dumps({"passed": passed, "tolerance": TOLERANCE, "checks": facts}))
    else:
        for name, checks in found.items():
            print_table(gradient_table(checks, name))
    context.exit(0 if passed else 1)
