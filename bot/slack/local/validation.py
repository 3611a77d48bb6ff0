"""Slack's rules for blocks. What breaks one is named with its place, as Slack does it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from bot.slack.local.wire import Json, as_list, as_object, as_objects, as_text

BLOCKS = 50
MARKDOWN_TOGETHER = 12_000
ID_CHARACTERS = 255
TEXT_CHARACTERS = 3_000
VALUE_CHARACTERS = 2_000
TABLE_ROWS = 100

Problems = Iterator[str]


def problems_in(blocks: Sequence[Json]) -> list[str]:
    """Everything wrong with a message's blocks; empty when Slack would take them."""
    return list(chain(_together(blocks), *(_block(block, f"/blocks/{place}") for place, block in enumerate(blocks))))


def _together(blocks: Sequence[Json]) -> Problems:
    if len(blocks) > BLOCKS:
        yield f"no more than {BLOCKS} items allowed [json-pointer:/blocks]"
    markdown = sum(len(as_text(block.get("text"))) for block in blocks if block.get("type") == "markdown")
    if markdown > MARKDOWN_TOGETHER:
        yield f"markdown must be less than {MARKDOWN_TOGETHER + 1} characters in all [json-pointer:/blocks]"
    yield from _repeated([block["block_id"] for block in blocks if "block_id" in block], "block_id", "/blocks")


def _repeated(ids: Sequence[object], what: str, at: str) -> Problems:
    if len({str(one) for one in ids}) < len(ids):
        yield f"{what} must be unique [json-pointer:{at}]"


def _block(block: Json, at: str) -> Problems:
    check = _CHECKS.get(as_text(block.get("type")))
    if check is None:
        yield f"unsupported type: {block.get('type')} [json-pointer:{at}/type]"
        return
    if "block_id" in block:
        yield from _string(block["block_id"], f"{at}/block_id", ID_CHARACTERS)
    yield from check(block, at)


def _string(value: object, at: str, most: int = TEXT_CHARACTERS) -> Problems:
    if not isinstance(value, str):
        yield f"missing required field or not a string [json-pointer:{at}]"
    elif not value:
        yield f"must be more than 0 characters [json-pointer:{at}]"
    elif len(value) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{at}]"


def _text(value: object, at: str, most: int = TEXT_CHARACTERS, *, plain: bool = False) -> Problems:
    text = as_object(value)
    if text is None:
        yield f"missing required text object [json-pointer:{at}]"
        return
    if text.get("type") not in ({"plain_text"} if plain else {"plain_text", "mrkdwn"}):
        yield f"unsupported type: {text.get('type')} [json-pointer:{at}/type]"
    yield from _string(text.get("text"), f"{at}/text", most)


def _items(value: object, at: str, most: int) -> Problems:
    items = as_list(value)
    if not items or len(as_objects(items)) != len(items):
        yield f"no fewer than 1 item, each an object [json-pointer:{at}]"
    elif len(items) > most:
        yield f"no more than {most} items allowed [json-pointer:{at}]"


def _markdown(block: Json, at: str) -> Problems:
    # Their length is limited together, not one by one.
    yield from _string(block.get("text"), f"{at}/text", MARKDOWN_TOGETHER)


def _section(block: Json, at: str) -> Problems:
    if block.get("text") is None and block.get("fields") is None:
        yield f"missing required field: text or fields [json-pointer:{at}]"
    if block.get("text") is not None:
        yield from _text(block["text"], f"{at}/text")
    if block.get("fields") is not None:
        yield from _items(block["fields"], f"{at}/fields", 10)
        for place, field in enumerate(as_objects(block["fields"])):
            yield from _text(field, f"{at}/fields/{place}", 2_000)
    if block.get("accessory") is not None:
        yield from _element(as_object(block["accessory"]) or {}, f"{at}/accessory")


def _header(block: Json, at: str) -> Problems:
    yield from _text(block.get("text"), f"{at}/text", 150, plain=True)


def _context(block: Json, at: str) -> Problems:
    yield from _items(block.get("elements"), f"{at}/elements", 10)
    for place, element in enumerate(as_objects(block.get("elements"))):
        if element.get("type") == "image":
            yield from _image(element, f"{at}/elements/{place}")
        else:
            yield from _text(element, f"{at}/elements/{place}")


def _image(block: Json, at: str) -> Problems:
    if as_object(block.get("slack_file")) is None:
        yield from _string(block.get("image_url"), f"{at}/image_url", 3_000)
    yield from _string(block.get("alt_text"), f"{at}/alt_text", 2_000)


def _actions(block: Json, at: str) -> Problems:
    yield from _elements(block, at, 25)


def _context_actions(block: Json, at: str) -> Problems:
    yield from _elements(block, at, 5)


def _elements(block: Json, at: str, most: int) -> Problems:
    elements = as_objects(block.get("elements"))
    yield from _items(block.get("elements"), f"{at}/elements", most)
    yield from _repeated([one.get("action_id") for one in elements], "action_id", f"{at}/elements")
    for place, element in enumerate(elements):
        yield from _element(element, f"{at}/elements/{place}")


def _input(block: Json, at: str) -> Problems:
    yield from _text(block.get("label"), f"{at}/label", 2_000, plain=True)
    if block.get("hint") is not None:
        yield from _text(block["hint"], f"{at}/hint", 2_000, plain=True)
    yield from _field(as_object(block.get("element")) or {}, f"{at}/element")


def _field(element: Json, at: str) -> Problems:
    yield from _string(element.get("action_id"), f"{at}/action_id", ID_CHARACTERS)
    kind = as_text(element.get("type"))
    if kind == "plain_text_input":
        if len(as_text(element.get("initial_value"))) > min(element.get("max_length", 3_000), 3_000):
            yield f"initial_value is too long [json-pointer:{at}/initial_value]"
    elif kind in _OPTIONS:
        yield from _options(element, at, _OPTIONS[kind])
    else:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"


def _options(element: Json, at: str, most: int) -> Problems:
    options = as_objects(element.get("options"))
    yield from _items(element.get("options"), f"{at}/options", most)
    for place, option in enumerate(options):
        yield from _text(option.get("text"), f"{at}/options/{place}/text", 75, plain=element.get("type") in _LISTS)
        yield from _string(option.get("value"), f"{at}/options/{place}/value", 150)
    initial = [*(as_list(element.get("initial_options")) or []), element.get("initial_option")]
    if element.get("initial_options") == [] or any(one not in options for one in initial if one is not None):
        yield f"what is chosen at first must be among the options [json-pointer:{at}]"


def _element(element: Json, at: str) -> Problems:
    if element.get("type") == "image":
        yield from _image(element, at)
        return
    yield from _string(element.get("action_id"), f"{at}/action_id", ID_CHARACTERS)
    match element.get("type"):
        case "button":
            yield from _button(element, at)
        case "feedback_buttons":
            yield from _half(element.get("positive_button"), f"{at}/positive_button")
            yield from _half(element.get("negative_button"), f"{at}/negative_button")
        case str(kind) if kind in _OTHER_ELEMENTS:
            pass
        case kind:
            yield f"unsupported type: {kind} [json-pointer:{at}/type]"


def _button(element: Json, at: str) -> Problems:
    yield from _half(element, at)
    if element.get("style", "primary") not in {"primary", "danger"}:
        yield f"style must be primary or danger [json-pointer:{at}/style]"
    if "url" in element:
        yield from _string(element["url"], f"{at}/url", 3_000)


def _half(value: object, at: str) -> Problems:
    face = as_object(value) or {}
    yield from _text(face.get("text"), f"{at}/text", 75, plain=True)
    if len(as_text(face.get("value"))) > VALUE_CHARACTERS:
        yield f"must be less than {VALUE_CHARACTERS + 1} characters [json-pointer:{at}/value]"


def _rich_text(block: Json, at: str) -> Problems:
    yield from _items(block.get("elements"), f"{at}/elements", 1_000)


def _table(block: Json, at: str) -> Problems:
    rows = as_list(block.get("rows")) or []
    if not 1 <= len(rows) <= TABLE_ROWS:
        yield f"from 1 to {TABLE_ROWS} rows [json-pointer:{at}/rows]"
    for place, row in enumerate(rows):
        yield from _items(row, f"{at}/rows/{place}", 20)


def _task_card(block: Json, at: str) -> Problems:
    yield from _string(block.get("task_id"), f"{at}/task_id", ID_CHARACTERS)
    yield from _string(block.get("title"), f"{at}/title", 256)
    if block.get("status", "pending") not in {"pending", "in_progress", "complete", "error"}:
        yield f"unknown status [json-pointer:{at}/status]"


def _plan(block: Json, at: str) -> Problems:
    yield from _string(block.get("title"), f"{at}/title", 256)
    for place, task in enumerate(as_objects(block.get("tasks"))):
        yield from _task_card(task, f"{at}/tasks/{place}")


def _unchecked(_block: Json, _at: str) -> Problems:
    yield from ()


_OTHER_ELEMENTS = frozenset({"icon_button", "overflow", "static_select", "users_select", "datepicker", "checkboxes"})

_OPTIONS: Mapping[str, int] = {"static_select": 100, "multi_static_select": 100, "checkboxes": 10, "radio_buttons": 10}
"""The fields that are a choice, and how many options they have at most."""

_LISTS = frozenset({"static_select", "multi_static_select"})

_CHECKS: Mapping[str, Callable[[Json, str], Problems]] = {
    "markdown": _markdown,
    "section": _section,
    "header": _header,
    "context": _context,
    "image": _image,
    "divider": _unchecked,
    "actions": _actions,
    "context_actions": _context_actions,
    "rich_text": _rich_text,
    "table": _table,
    "task_card": _task_card,
    "plan": _plan,
    "input": _input,
    "file": _unchecked,
    "video": _unchecked,
    "alert": _unchecked,
    "card": _unchecked,
    "carousel": _unchecked,
    "container": _unchecked,
}
