"""What travels between Slack and a bot is JSON; here it is narrowed to what Python's types can say of it."""

from typing import Any, cast

Json = dict[str, Any]


def as_object(value: object) -> Json | None:
    """The value if it is a JSON object, else None."""
    return cast("Json", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """The value if it is a JSON array, else None."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def as_objects(value: object) -> list[Json]:
    """The objects among the elements of a JSON array; empty for anything else."""
    return [one for element in as_list(value) or [] if (one := as_object(element)) is not None]


def as_text(value: object) -> str:
    """The value if it is a string, else the empty one."""
    return value if isinstance(value, str) else ""
