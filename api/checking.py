"""Checks what callers send against a declared record, and says kindly what is wrong."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from schemas.errors import InvalidParameterError

Record = TypeVar("Record")
Schema = Mapping[str, Any]
"""JSON Schema, as pydantic writes it."""

MAX_SHOWN: Final = 40
MAX_PROBLEMS: Final = 5
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_DECIMAL: Final = re.compile(
    r"(?:[0-9]{1,20}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE]-?[0-9]{1,2})?"
)


class Declared(Generic[Record]):
    """A record that callers fill in; made once, since that takes a while."""

    def __init__(self, kind: type[Record]) -> None:
        self.kind = kind
        self._adapter = TypeAdapter(kind)
        self.schema: Schema = self._adapter.json_schema()
        self.fields: Mapping[str, Schema] = self.schema.get("properties", {})

    def read(
        self,
        values: Mapping[str, object],
        kind: str,
        texts: Mapping[str, str] | None = None,
        problems: Sequence[str] = (),
    ) -> Record:
        """Make the record of what was sent.

        Args:
            values: what was sent, as JSON.
            kind: what messages call a field of it.
            texts: what was sent as text, where it was, for messages.
            problems: what was found wrong before.

        Raises:
            InvalidParameterError: for these problems, and whatever is refused here.
        """
        allowed = tuple(self.fields)
        found = [unknown(kind, name, allowed) for name in values if name not in self.fields]
        known = {name: value for name, value in values.items() if name in self.fields}
        try:
            record = self._adapter.validate_python(known)
        except ValidationError as error:
            wrong = error.errors(include_url=False)
            found += [self._problem(one, texts or {}) for one in wrong]
        if found or problems:
            raise refusal([*problems, *dict.fromkeys(found)])
        return record

    def from_text(self, name: str, text: str) -> object:
        """A parameter's text as the JSON value it stands for; whatever is none stays text."""
        kind = self.fields.get(name, {}).get("type")
        if kind == "array":
            return [part.strip() for part in text.split(",")]
        if kind == "integer" and _INTEGER.fullmatch(text):
            return int(text)
        return float(text) if kind == "number" and _DECIMAL.fullmatch(text) else text

    def _problem(self, error: Mapping[str, Any], texts: Mapping[str, str]) -> str:
        path = error["loc"]
        where = name_of(path)
        if error["type"] == "missing":
            return f"{where} is required"
        if error["type"] == "extra_forbidden":
            fields = tuple(self._schema_at(path[:-1])["properties"])
            return unknown(f"field in {name_of(path[:-1])}", path[-1], fields)
        schema = self._schema_at(path)
        if error["type"] == "too_long":
            most = schema["maxItems"]
            return f"{where} must hold at most {most} entries, got {error['ctx']['actual_length']}"
        return refused(where, rule_of(schema), texts.get(where, error["input"]))

    def _schema_at(self, path: Sequence[str | int]) -> Schema:
        """The schema of what lies at a path."""
        schema = self._resolved(self.schema)
        for step in path:
            inner = schema["items"] if isinstance(step, int) else schema["properties"][step]
            schema = self._resolved(inner)
        return schema

    def _resolved(self, schema: Schema) -> Schema:
        if "$ref" not in schema:
            return schema
        found: Schema = self.schema["$defs"][schema["$ref"].rpartition("/")[2]]
        return found


def rule_of(schema: Schema) -> str:
    """What is allowed, in words."""
    if "enum" in schema:
        return _one_of(schema["enum"])
    return _RULES[schema["type"]](schema)


def _one_of(values: Sequence[str]) -> str:
    if len(values) == 2:
        return " or ".join(map(repr, values))
    return f"one of {', '.join(values)}"


def _whole(schema: Schema) -> str:
    low, high = schema["minimum"], schema["maximum"]
    return "0 or 1" if (low, high) == (0, 1) else f"an integer from {low} to {high}"


def _text(schema: Schema) -> str:
    if "maxLength" not in schema:
        return "text"
    return f"text of {schema['minLength']} to {schema['maxLength']} characters"


_RULES: Final[Mapping[str, Callable[[Schema], str]]] = {
    "integer": _whole,
    "number": lambda schema: f"a number from {schema['minimum']:g} to {schema['maximum']:g}",
    "string": _text,
    "array": lambda _: "an array",
    "object": lambda _: "a JSON object",
}


def refusal(problems: Sequence[str]) -> InvalidParameterError:
    """One error for all of them, which a caller can read at a glance."""
    shown_ones, more = problems[:MAX_PROBLEMS], len(problems) - MAX_PROBLEMS
    rest = [f"and {more} more"] if more > 0 else []
    return InvalidParameterError("; ".join([*shown_ones, *rest]))


def unknown(kind: str, name: str, allowed: Sequence[str]) -> str:
    listed = f"allowed here: {', '.join(allowed)}" if allowed else "none is allowed here"
    return f"unknown {kind} {shown(name)}; {listed}"


def refused(name: str, rule: str, value: object) -> str:
    return f"{name} must be {rule}, got {shown(value)}"


def name_of(path: Sequence[str | int]) -> str:
    """A place in a body, such as ratings[0].rating; the body itself has no name."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".") or "the body"


def shown(value: object) -> str:
    """A value as the caller wrote it, short enough for a message and safe to encode."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = ascii(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
