"""An HTTP service that tags texts, and a page to try it on."""

from windowclf.errors import MissingExtraError

try:
    import httptools  # noqa: F401
    import prometheus_client  # noqa: F401
    import starlette  # noqa: F401
    import swagger_ui_bundle  # noqa: F401
    import uvicorn  # noqa: F401
except ImportError:
    raise MissingExtraError(
        "the web server of windowclf serve and windowclf annotate", "serve"
    ) from None
