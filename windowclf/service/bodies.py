"""The bodies of requests and answers as msgspec types."""

import json
import re
from importlib.metadata import version
from importlib.resources import files
from itertools import chain
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.exceptions import HTTPException

from windowclf.errors import one_line
from windowclf.explanation.result import Explanation
from windowclf.service.limits import Limits
from windowclf.tagging.tagged_text import Entity, TaggedText
from windowclf.text.units import TextUnit

T = TypeVar("T")

Text = Annotated[str, Meta(description="The text; all offsets count its code points, from 0.")]
Unit = Annotated[
    TextUnit,
    Meta(
        description="Which line ends no entity crosses: every one (line), none but those of blank "
        "lines (paragraph, file), or those where the text does not look wrapped (auto)."
    ),
]
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")


class TagRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A text to tag, or several."""

    text: Annotated[str, Meta(description="One text: give this or `texts`.")] | UnsetType = UNSET
    texts: (
        Annotated[list[str], Meta(description="Several texts; each is a document by itself.")]
        | UnsetType
    ) = UNSET
    tokens: Annotated[bool, Meta(description="Whether the answer lists the tokens.")] = False
    text_unit: Unit = "auto"

    def checked_texts(self, limits: Limits) -> list[str]:
        """Return the texts as a list.

        Raises
        ------
        HTTPException
            422 unless there is either a text or a list of texts; 413 if there are too many.
        """
        if (self.text is UNSET) == (self.texts is UNSET):
            raise HTTPException(422, 'expected either "text" or "texts"')
        texts = [self.text] if isinstance(self.text, str) else self.texts or []
        if len(texts) > limits.texts:
            raise HTTPException(
                413, f"too many texts: {len(texts):,}; the limit is {limits.texts:,} in a request"
            )
        return texts


class ExplainRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A word of a text whose tag is to be explained."""

    text: Text
    token: Annotated[
        int, Meta(ge=0, description="The word's number among the tokens of the text, from 0.")
    ]
    text_unit: Unit = "auto"


class TaggedToken(msgspec.Struct):
    """A token: a stretch of the text, with its tag."""

    text: str
    start: int
    end: int
    tag: Annotated[str, Meta(description="IOB2, such as B-LOC and I-LOC, or a plain label.")]


class Tagged(msgspec.Struct):
    """A text with what was found in it, as a line of `windowclf tag --format jsonl` has it."""

    text: Text
    entities: list[Entity]
    tokens: list[TaggedToken] | UnsetType = UNSET


class TaggedTexts(msgspec.Struct):
    """Several texts, in the order of the request."""

    texts: list[Tagged]


class Health(msgspec.Struct):
    """Facts about the service."""

    status: str
    version: Annotated[str, Meta(description="Of windowclf.")]
    model: Annotated[str, Meta(description="The name of the model's folder.")]
    labels: list[str]
    tags: list[str]
    limits: Limits


class Refusal(msgspec.Struct):
    """Why a request was refused, in one line."""

    error: str


def decode(body: bytes, kind: type[T]) -> T:
    """Decode the body of a request.

    Raises
    ------
    HTTPException
        400 if the body is not JSON, 422 if it is JSON with another structure.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise HTTPException(422, one_line(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = "; \\ud800 to \\udfff are characters only in pairs" * bool(_HALF_PAIR.search(body))
        raise HTTPException(
            400, f"the body is not JSON in UTF-8: {one_line(error)}{hint}"
        ) from None


def to_answer(text: TaggedText, *, tokens: bool) -> Tagged:
    """Convert a tagged text to its answer, with or without tokens."""
    if not tokens:
        return Tagged(text.text, text.entities)
    words, tags = chain.from_iterable(text.sentences), chain.from_iterable(text.tags)
    tagged = [TaggedToken(*word, tag) for word, tag in zip(words, tags, strict=True)]
    return Tagged(text.text, text.entities, tagged)


def describe() -> bytes:
    """Return the OpenAPI description: `openapi.json` with the schemas of all bodies."""
    description = json.loads((files("windowclf.service") / "openapi.json").read_bytes())
    bodies = [TagRequest, Tagged, TaggedTexts, ExplainRequest, Explanation, Health, Refusal]
    _, schemas = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    description["info"]["version"] = version("windowclf")
    schemas = json.loads(msgspec.json.encode(schemas), object_hook=_without_null)
    description["components"] = {"schemas": schemas}
    return msgspec.json.encode(description)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Write "or null" as OpenAPI 3.0 does, the last version that swagger-ui-bundle reads."""
    if {"type": "null"} in schema.get("anyOf", []):
        [kind] = [kind for kind in schema.pop("anyOf") if kind != {"type": "null"}]
        schema |= {**kind, "nullable": True}
    return schema
