"""A message's text and blocks as HTML that is safe to put into the playground's page.

Pure, and deaf to malformed blocks: what is missing is left out, what is unknown is named. Only the tags written in
this file and in `mrkdwn`, `rich_text` and `markdown_block` come out, and nothing is loaded from outside.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, cast
from urllib.parse import quote

from bot.slack.local.markdown_block import image_html, markdown_html
from bot.slack.local.mrkdwn import link_html, mrkdwn_html, plain_html
from bot.slack.local.rich_text import objects, rich_text_html, string

Names = Mapping[str, str]

TASK_STATES: Mapping[str, str] = {
    "pending": "Waiting",
    "in_progress": "Running",
    "complete": "Done",
    "error": "Failed",
}


def to_html(text: str, blocks: Sequence[dict[str, Any]], names: Names) -> str:
    """What people see of a message: its blocks if it has any, else its text.

    `names` maps the ids of people and channels to their names. The result holds no tag, attribute or address that
    came in from `text` or `blocks`, except links to http, https and mailto.
    """
    if not blocks:
        return mrkdwn_html(text, names)
    return "".join(_block(block, names) for block in blocks)


def files_html(files: Sequence[dict[str, Any]]) -> str:
    """The files that came with a message, each a link to where the page gives it."""
    return "".join(_file(file) for file in files)


def _file(file: dict[str, Any]) -> str:
    name, size = string(file.get("name")), file.get("size")
    address = f"/play/file/{quote(string(file.get('id')))}/{quote(name)}"
    return f'<p class="file"><a href="{address}" download>{escape(name)}</a> <small>{size:,} bytes</small></p>'


def _block(block: dict[str, Any], names: Names) -> str:
    write = _BLOCKS.get(string(block.get("type")))
    return write(block, names) if write else f"<p>{_unsupported('block', block)}</p>"


def _markdown(block: dict[str, Any], names: Names) -> str:
    return markdown_html(string(block.get("text")), names)


def _header(block: dict[str, Any], _names: Names) -> str:
    return f"<h2>{_label(block.get('text'))}</h2>"


def _divider(_block: dict[str, Any], _names: Names) -> str:
    return "<hr>"


def _image(block: dict[str, Any], _names: Names) -> str:
    return f"<p>{image_html(string(block.get('alt_text')))}</p>"


def _actions(block: dict[str, Any], _names: Names) -> str:
    buttons = "".join(_element(one, block) for one in objects(block.get("elements")))
    return f'<div class="block-actions">{buttons}</div>'


def _context_actions(block: dict[str, Any], _names: Names) -> str:
    buttons = "".join(_context_action(one, block) for one in objects(block.get("elements")))
    return f'<div class="block-actions quiet">{buttons}</div>'


def _plan(block: dict[str, Any], names: Names) -> str:
    tasks = "".join(_task_card(task, names) for task in objects(block.get("tasks")))
    return f'<p class="plan">{_plain(string(block.get("title")))}</p>{tasks}'


def _text(value: Any, names: Names) -> str:
    """A text object: `plain_text` as it is, but for emoji; `mrkdwn` with its notation."""
    text = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    content = string(text.get("text"))
    return mrkdwn_html(content, names) if text.get("type") == "mrkdwn" else _plain(content)


def _label(value: Any) -> str:
    """A text object where Slack allows plain text alone: one line, and no tag within."""
    return _text({**value, "type": "plain_text"}, {}) if isinstance(value, dict) else ""


def _plain(text: str) -> str:
    return plain_html(text, links=False).replace("\n", "<br>")


def _section(block: dict[str, Any], names: Names) -> str:
    fields = "".join(f'<div class="field">{_text(field, names)}</div>' for field in objects(block.get("fields")))
    grid = f'<div class="fields">{fields}</div>' if fields else ""
    accessory = "".join(_element(one, block) for one in objects([block.get("accessory")]))
    beside = f'<div class="accessory">{accessory}</div>' if accessory else ""
    return f'<div class="section"><div>{_text(block.get("text"), names)}{grid}</div>{beside}</div>'


def _context(block: dict[str, Any], names: Names) -> str:
    parts = "".join(
        f"<span>{image_html(string(one.get('alt_text'))) if one.get('type') == 'image' else _text(one, names)}</span>"
        for one in objects(block.get("elements"))
    )
    return f'<div class="context">{parts}</div>'


def _element(element: dict[str, Any], block: dict[str, Any]) -> str:
    match element.get("type"):
        case "button":
            return _button(element, block)
        case "image":
            return image_html(string(element.get("alt_text")))
        case "static_select":
            return _select(element)
        case _:
            return _unsupported("element", element)


def _select(element: dict[str, Any]) -> str:
    chosen = objects([element.get("initial_option")])
    options = "".join(
        f'<option value="{escape(string(option.get("value")))}"{" selected" if option in chosen else ""}>'
        f"{_label(option.get('text'))}</option>"
        for option in objects(element.get("options"))
    )
    return (
        f'<select class="block-select" data-action-id="{escape(string(element.get("action_id")))}">{options}</select>'
    )


def _button(element: dict[str, Any], block: dict[str, Any]) -> str:
    label = _label(element.get("text"))
    style = string(element.get("style"))
    css = f"block-button {style}" if style in {"primary", "danger"} else "block-button"
    return link_html(string(element.get("url")), label, css) or _clickable(element, block, element, label, css)


def _clickable(
    element: dict[str, Any], block: dict[str, Any], choice: Mapping[str, Any], label_html: str, css: str
) -> str:
    """A button that sends the element's action with the value of the choice."""
    named = string(choice.get("accessibility_label"))
    title = f' aria-label="{escape(named)}"' if named else ""
    asked = element.get("confirm")
    if isinstance(asked, dict):
        words = cast("dict[str, Any]", asked)
        title += f' data-confirm="{escape(string(cast("dict[str, Any]", words.get("text") or {}).get("text")))}"'
    return (
        f'<button type="button" class="{css}" data-action-id="{escape(string(element.get("action_id")))}"'
        f' data-block-id="{escape(string(block.get("block_id")))}"'
        f' data-value="{escape(string(choice.get("value")))}"{title}>{label_html}</button>'
    )


def _context_action(element: dict[str, Any], block: dict[str, Any]) -> str:
    match element.get("type"):
        case "feedback_buttons":
            choices = objects([element.get("positive_button"), element.get("negative_button")])
            return "".join(
                _clickable(element, block, choice, _label(choice.get("text")), "block-button") for choice in choices
            )
        case "icon_button":
            return _clickable(element, block, element, _label(element.get("text")), "block-button")
        case _:
            return _unsupported("element", element)


def _table(block: dict[str, Any], names: Names) -> str:
    rows: list[Any] = cast("list[Any]", block["rows"]) if isinstance(block.get("rows"), list) else []
    align = [string(column.get("align")) for column in objects(block.get("column_settings"))]
    html = "".join(_row(objects(row), "td" if place else "th", align, names) for place, row in enumerate(rows))
    return f"<table>{html}</table>"


def _row(cells: list[dict[str, Any]], tag: str, align: list[str], names: Names) -> str:
    html = ""
    for place, cell in enumerate(cells):
        side = align[place] if place < len(align) and align[place] in {"center", "right"} else "left"
        html += f'<{tag} class="{side}">{_cell(cell, names)}</{tag}>'
    return f"<tr>{html}</tr>"


def _cell(cell: dict[str, Any], names: Names) -> str:
    if cell.get("type") == "rich_text":
        return rich_text_html(cell, names)
    value = cell.get("text", cell.get("value"))
    return _plain(str(value)) if isinstance(value, str | int | float) else ""


def _task_card(block: dict[str, Any], names: Names) -> str:
    state = string(block.get("status"))
    state = state if state in TASK_STATES else "pending"
    more = "".join(rich_text_html(part, names) for part in objects([block.get("details"), block.get("output")]))
    sources = " ".join(
        link_html(url, escape(string(source.get("text")) or url))
        for source in objects(block.get("sources"))
        if (url := string(source.get("url")))
    )
    return (
        f'<div class="task {state}"><span class="task-state">{TASK_STATES[state]}</span>'
        f'<div><span class="task-title">{_plain(string(block.get("title")))}</span>{more}{sources}</div></div>'
    )


def _unsupported(what: str, part: Mapping[str, Any]) -> str:
    return f'<span class="unsupported">[unsupported {what}: {escape(string(part.get("type")))}]</span>'


_BLOCKS: Mapping[str, Callable[[dict[str, Any], Names], str]] = {
    "markdown": _markdown,
    "section": _section,
    "context": _context,
    "header": _header,
    "divider": _divider,
    "image": _image,
    "rich_text": rich_text_html,
    "actions": _actions,
    "context_actions": _context_actions,
    "table": _table,
    "task_card": _task_card,
    "plan": _plan,
}
