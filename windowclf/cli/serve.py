"""``windowclf serve``."""

import click

from windowclf.cli.console import note
from windowclf.cli.options import load_classifier, model_option
from windowclf.errors import UsageError


@click.command(short_help="Answer over HTTP, with a page to try it on.")
@model_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen; 0.0.0.0: for other machines too.",
)
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0: any that is free.",
)
@click.option(
    "--max-bytes",
    default=1 << 20,
    show_default=True,
    type=click.IntRange(min=1),
    help="Of the body of a request.",
)
@click.option(
    "--max-texts",
    default=1024,
    show_default=True,
    type=click.IntRange(min=1),
    help="In one request.",
)
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    help="In which a request must come in, and again in which it is answered.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Processes that tag, beside the one that reads and answers; 1: that one tags too. For "
    "much load: one for each processor.",
)
def serve(
    model: str | None,
    host: str,
    port: int,
    max_bytes: int,
    max_texts: int,
    timeout: float,
    workers: int,
) -> None:
    """Answer over HTTP, with a page to try it on.

    POST /tag takes {"text": "…"} or {"texts": ["…", …]}. /docs describes it and all else. Ctrl-C
    ends the service when the requests under way are answered.

    \b
    windowclf serve
    windowclf serve --model models/mine --port 8080
    windowclf serve --workers 4
    curl localhost:8000/tag --json '{"text": "Paris is in France"}'
    """
    from windowclf.service.app import create_app
    from windowclf.service.limits import Limits
    from windowclf.service.server import address_of, hosts_of, listen, make_server  # the extra
    from windowclf.system.processes import can_fork

    if workers > 1 and not can_fork():
        raise UsageError(
            "`workers`: more than 1 need copies of a process, which this system does not make; "
            "run several services behind a proxy"
        )
    limits = Limits(bytes=max_bytes, texts=max_texts, seconds=timeout)
    with listen(host, port) as listening:
        classifier, chosen = load_classifier(model)
        if not chosen.report:
            note(f"model: {chosen}")
        app = create_app(
            classifier,
            chosen.folder.resolve().name,
            limits=limits,
            workers=workers,
            hosts=hosts_of(host, listening),
        )
        note(f"listening at {address_of(listening)}; Ctrl-C ends it")
        make_server(app, limits).run([listening])
