"""The arguments of a Web API call, from whichever of the ways Slack accepts them."""

import json
from typing import cast

from aiohttp import web

from bot.slack.local.refusal import Refused, malformed
from bot.slack.local.wire import Json, as_object


async def read_arguments(request: web.Request) -> Json:
    """Query, form or JSON body as one object. Raises Refused when the body is none of them."""
    given: Json = dict(request.query)
    if request.content_type == "application/json":
        return given | await _json(request)
    fields = await request.post()
    return given | {name: value for name, value in fields.items() if isinstance(value, str)}


async def _json(request: web.Request) -> Json:
    body = await request.read()
    if not body:
        return {}
    try:
        parsed = as_object(json.loads(body))
    except ValueError:
        raise Refused("invalid_json") from None
    if parsed is None:
        raise Refused("json_not_object")
    return parsed


class Arguments:
    """Reads arguments by name. Forms carry text alone: numbers, flags and JSON are decoded from it."""

    def __init__(self, given: Json) -> None:
        self._given = given

    def text(self, name: str) -> str | None:
        """The argument as text; None when it is missing. Raises Refused for an object or an array."""
        value = self._given.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int | float):
            return str(value)
        raise malformed("invalid_arguments", [f"must be a string [json-pointer:/{name}]"])

    def required(self, name: str) -> str:
        """The argument as text. Raises Refused when it is missing or empty."""
        value = self.text(name)
        if not value:
            raise malformed("invalid_arguments", [f"missing required field: {name}"])
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A yes or no, in any of the forms that Slack takes."""
        value = self._given.get(name)
        return default if value is None else str(value).lower() in {"1", "true"}

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`. Raises Refused."""
        value = self.text(name)
        if value is None:
            return default
        if not value.isdigit() or not 1 <= int(value) <= most:
            raise Refused("invalid_limit" if name == "limit" else "invalid_arguments")
        return int(value)

    def structure(self, name: str) -> object:
        """An object or an array, as such or as JSON in a string. Raises Refused when it is neither."""
        value: object = self._given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return cast("object", json.loads(value)) if value else None
        except ValueError:
            raise malformed("invalid_arguments", [f"must be JSON [json-pointer:/{name}]"]) from None
