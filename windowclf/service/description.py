"""The description of the service for OpenAPI, and what it says of each path."""

from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from windowclf.service.bodies import schemas

ABOUT = (
    "Finds names, and other labelled stretches, in texts, and explains each decision. "
    "Bodies are JSON in UTF-8. A request that is refused is answered with "
    '`{"error": "…"}`, which says in one line what was wrong.'
)

_PARIS = "Paris is in France"
_ENTITIES = [
    {"text": "Paris", "label": "LOC", "start": 0, "end": 5, "score": 0.96},
    {"text": "France", "label": "LOC", "start": 12, "end": 18, "score": 0.99},
]
_REFUSALS = {
    400: "No JSON in UTF-8, or a wrong Host",
    408: "The request did not come in time",
    413: "Too large, or too many texts",
    415: "Not said to be application/json",
    422: "JSON of another kind",
    503: "Too much to do; come again",
}


def _body(kind: str, **examples: Any) -> dict[str, Any]:
    """Describe a body of JSON by the name of its schema and examples by their summaries."""
    content: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{kind}"}}
    if examples:
        content["examples"] = {
            name: {"summary": name.replace("_", " "), "value": value}
            for name, value in examples.items()
        }
    return {"application/json": content}


def _refusals() -> dict[int | str, dict[str, Any]]:
    return {
        status: {"description": why, "content": _body("Refusal")}
        for status, why in _REFUSALS.items()
    }


def _asked(kind: str, **examples: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": _body(kind, **examples)}}


_TAGGED = {
    "oneOf": [
        {"$ref": "#/components/schemas/Tagged"},
        {"$ref": "#/components/schemas/TaggedTexts"},
    ]
}

DESCRIPTIONS: dict[str, dict[str, Any]] = {
    "/tag": {
        "tags": ["texts"],
        "summary": "Find the entities of a text, or of several",
        "openapi_extra": _asked(
            "TagRequest",
            one_text={"text": _PARIS},
            several_texts={"texts": [_PARIS, "No name here."]},
            with_its_tokens={"text": _PARIS, "tokens": True},
        ),
        "responses": {
            200: {
                "description": "For `text` a Tagged, for `texts` TaggedTexts in the same order",
                "content": {
                    "application/json": {
                        "schema": _TAGGED,
                        "examples": {
                            "one text": {"value": {"text": _PARIS, "entities": _ENTITIES}},
                            "several texts": {
                                "value": {
                                    "texts": [
                                        {"text": _PARIS, "entities": _ENTITIES},
                                        {"text": "No name here.", "entities": []},
                                    ]
                                }
                            },
                        },
                    }
                },
            },
            **_refusals(),
        },
    },
    "/explain": {
        "tags": ["texts"],
        "summary": "Explain why a word of a text has its tag",
        "openapi_extra": _asked("ExplainRequest", the_first_word={"text": _PARIS, "token": 0}),
        "responses": {
            200: {
                "description": "An Explanation; with `Accept: text/html` a part of a page",
                "content": _body("Explanation") | {"text/html": {"schema": {"type": "string"}}},
            },
            **_refusals(),
        },
    },
    "/health": {
        "tags": ["operation"],
        "summary": "Whether the service is ready, and what it serves",
        "responses": {200: {"description": "It is ready", "content": _body("Health")}},
    },
    "/metrics": {
        "tags": ["operation"],
        "summary": "Metrics for Prometheus",
        "responses": {
            200: {
                "description": "Requests, their times, tokens, batches",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }
        },
    },
}


def describe(app: FastAPI) -> None:
    """Make an application describe itself by what `DESCRIPTIONS` and the kinds of bodies say."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = get_openapi(
                title="windowclf",
                version=version("windowclf"),
                openapi_version="3.0.3",  # the last that the page of swagger-ui-bundle reads
                description=ABOUT,
                routes=app.routes,
            )
            app.openapi_schema["components"] = {"schemas": schemas()}
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
