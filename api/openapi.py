"""Describes the API as OpenAPI 3.1, from the declarations that validate requests."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import orjson
from pydantic import TypeAdapter

from api.answers import Problem
from api.parameters import PATH
from api.routes import HTML, JSON, PROBLEM, ROUTES, Route

Document = dict[str, Any]
"""JSON, as it will be written."""

_KEY: Final = "key"
_UNCHANGED: Final = {"304": {"description": "What you have is what you would get."}}
_TAG: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of an answer that you have: 304, if it is still the same.",
    "schema": {"type": "string"},
}
_ONCE: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again within a day with the same rating, nothing happens twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_REFERENCE: Final = "#/components/schemas/{model}"
_ABOUT: Final = (
    "Recommendations made every night for every user and title, looked up; and lists made now for "
    "somebody who names some titles. Whatever is not described here is refused."
)


def describe() -> Document:
    """The whole description."""
    schemas, definitions = _schemas()
    paths: Document = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Anime recommendations",
            "version": version("anirec"),
            "description": _ABOUT,
        },
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {_KEY: {"type": "http", "scheme": "bearer"}},
        },
    }


def as_json() -> bytes:
    return orjson.dumps(describe())


def _schemas() -> tuple[Mapping[object, Document], Document]:
    """The schema of each record that a route names, and the definitions they refer to."""
    answers = {route.answer for route in ROUTES if route.answer} | {Problem}
    bodies = {route.body.kind for route in ROUTES if route.body}
    ordered = sorted(answers, key=lambda kind: kind.__name__)
    found, shared = TypeAdapter.json_schemas(
        [
            *((kind, "serialization", TypeAdapter(kind)) for kind in ordered),
            *((kind, "validation", TypeAdapter(kind)) for kind in bodies),
        ],
        ref_template=_REFERENCE,
    )
    return {kind: schema for (kind, _), schema in found.items()}, shared.get("$defs", {})


def _operation(route: Route, schemas: Mapping[object, Document]) -> Document:
    described: Document = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_in_path(route), *_in_query(route), *_in_headers(route)],
        "responses": {
            str(route.status): _answer(route, schemas),
            **(_UNCHANGED if route.tagged else {}),
            **{
                str(status): _problem(route, status, why, schemas)
                for status, why in sorted(route.problems.items())
            },
        },
    }
    if route.keyed:
        described["security"] = [{_KEY: []}]
    if route.body is not None:
        content = {JSON: {"schema": schemas[route.body.kind]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _in_path(route: Route) -> list[Document]:
    return [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in PATH.items()
        if f"{{{name}}}" in route.path
    ]


def _in_query(route: Route) -> list[Document]:
    required = route.query.schema.get("required", ())
    return [_parameter(name, name in required, one) for name, one in route.query.fields.items()]


def _in_headers(route: Route) -> list[Document]:
    return [*([_TAG] if route.tagged else []), *([_ONCE] if route.once else [])]


def _parameter(name: str, required: bool, schema: Mapping[str, Any]) -> Document:
    described: Document = {"name": name, "in": "query", "required": required}
    described["description"] = schema.get("description", "")
    kept = {part: of for part, of in schema.items() if part not in ("title", "description")}
    if schema.get("type") == "array":  # values with commas between them
        described |= {"style": "form", "explode": False}
        kept |= {"minItems": 1}
        kept.pop("default", None)
    return described | {"schema": kept}


def _answer(route: Route, schemas: Mapping[object, Document]) -> Document:
    kind = route.content.partition(";")[0]
    if route.status == 204:
        return {"description": route.summary}
    if route.status == 303:
        where: Document = {"description": "The page that follows.", "schema": {"type": "string"}}
        content = {kind: {"schema": {"type": "string"}}}
        return {"description": route.summary, "headers": {"Location": where}, "content": content}
    schema = schemas[route.answer] if route.answer else {"type": "string"}
    return {"description": route.summary, "content": {kind: {"schema": schema}}}


def _problem(route: Route, status: int, why: str, schemas: Mapping[object, Document]) -> Document:
    said = {PROBLEM: {"schema": schemas[Problem]}}
    if route.content == HTML:  # people read it
        said = {HTML.partition(";")[0]: {"schema": {"type": "string"}}}
    described: Document = {"description": why, "content": said}
    if status in (429, 503):
        seconds = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}
        described["headers"] = {"Retry-After": seconds}
    return described
