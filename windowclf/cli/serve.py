"""``windowclf serve``."""

import click

from windowclf.cli.console import note
from windowclf.cli.options import listening_options, load_classifier, model_option
from windowclf.errors import UsageError


@click.command(short_help="Tag over HTTP, with a page to try it.")
@model_option
@listening_options
@click.option(
    "--max-bytes",
    default=1 << 20,
    show_default=True,
    type=click.IntRange(min=1),
    help="Largest body of a request, in bytes.",
)
@click.option(
    "--max-texts",
    default=1024,
    show_default=True,
    type=click.IntRange(min=1),
    help="Largest number of texts in one request.",
)
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    help="Time limit in seconds for receiving a request, and again for answering it.",
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of processes that tag, besides the one that reads and answers; 1: that process "
    "also tags. For heavy load, use one per processor.",
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
    """Tag over HTTP, with a page to try it.

    POST /tag takes {"text": "…"} or {"texts": ["…", …]}; /docs describes the whole interface.
    Ctrl-C stops the service after the current requests are answered.

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
            "`workers`: more than 1 need os.fork, which this system does not have; "
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
        note(f"listening at {address_of(listening)}; stop it with Ctrl-C")
        make_server(app, limits).run([listening])
