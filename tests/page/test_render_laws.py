"""The laws of what the playground shows: whatever a message holds, nothing dangerous reaches the page."""

from html.parser import HTMLParser
from typing import Any

from hypothesis import given, strategies as st

from bot.slack.local.render import to_html
from tests.laws import examples

BARE = "br hr strong em s code pre blockquote li table h1 h2 h3 h4 h5 h6 thead tbody tr"
ALLOWED: dict[str, set[str]] = {
    **{tag: set[str]() for tag in BARE.split()},
    **{tag: {"class"} for tag in ("p", "div", "ul", "td", "th")},
    "ol": {"class", "start"},
    "span": {"class", "title"},
    "a": {"class", "href", "target", "rel"},
    "button": {"type", "class", "data-action-id", "data-block-id", "data-value", "aria-label"},
}


class Audit(HTMLParser):
    """Reads HTML as a browser would and remembers what must not be there."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.strange: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name not in ALLOWED.get(tag, set()):
                self.strange.append(f"{tag} {name}")
            if name == "href" and not (value or "").lower().startswith(("http://", "https://", "mailto:")):
                self.strange.append(f"href {value}")
        if tag not in ALLOWED:
            self.strange.append(tag)

    def handle_comment(self, data: str) -> None:
        self.strange.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.strange.append(f"declaration {decl}")


NASTY = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<javascript:alert(1)|x>",
        "<JaVaScRiPt:alert(1)>",
        '<https://a.example"onmouseover="alert(1)|x>',
        "<@U1>",
        "[x](javascript:alert(1))",
        "[x](<data:text/html,y>)",
        '[x](https://a.example "t\\" onclick=\\"y")',
        "[r]: javascript:alert(1)\n\n[r]",
        "![<b>](x)",
        "<!-- -->",
        "<!DOCTYPE html>",
        "<!here|<b>",
        "<@U1|<i>>",
        "<|>",
        "&#60;b&#62;",
        "```",
        "`",
        "~~~<b>\n",
        "*",
        "_",
        "> ",
        "\n",
        "| a | b |\n|:-:|---|\n| <b> | `",
        ":eyes:",
        "https://a.example/'\"<b>",
        "\\",
        '"',
    ]
)
TEXT = st.lists(NASTY | st.text(max_size=8), max_size=8).map("".join)
KEYS = st.sampled_from(
    [
        "text",
        "url",
        "elements",
        "fields",
        "accessory",
        "style",
        "value",
        "action_id",
        "block_id",
        "rows",
        "title",
        "status",
        "details",
        "sources",
        "tasks",
        "alt_text",
        "user_id",
        "name",
        "range",
        "indent",
        "bold",
        "positive_button",
        "negative_button",
        "accessibility_label",
        "column_settings",
        "align",
        "fallback",
    ]
)
KINDS = st.sampled_from(
    [
        "section",
        "context",
        "header",
        "image",
        "actions",
        "context_actions",
        "table",
        "task_card",
        "plan",
        "rich_text",
        "button",
        "feedback_buttons",
        "icon_button",
        "mrkdwn",
        "plain_text",
        "markdown",
        "raw_text",
        "raw_number",
        "rich_text_section",
        "rich_text_list",
        "rich_text_quote",
        "rich_text_preformatted",
        "text",
        "link",
        "user",
        "emoji",
        "broadcast",
        "usergroup",
        "channel",
        "date",
    ]
)


def typed(kind: str, rest: dict[str, Any]) -> dict[str, Any]:
    return {**rest, "type": kind}


def typed_objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(typed, KINDS | TEXT, st.dictionaries(KEYS, values, max_size=5))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | KINDS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | typed_objects(inner),
    max_leaves=20,
)


@examples(40)
@given(TEXT)
def test_law_a_text_brings_no_tag_of_its_own(text: str) -> None:
    assert Audit(to_html(text, [], {"U1": "<b>"})).strange == []


@examples(40)
@given(TEXT)
def test_law_a_markdown_block_brings_no_tag_of_its_own(text: str) -> None:
    assert Audit(to_html("", [{"type": "markdown", "text": text}], {"U1": "<b>"})).strange == []


@examples(40)
@given(st.lists(typed_objects(JSON), min_size=1, max_size=3), TEXT)
def test_law_no_block_however_malformed_raises_or_brings_a_tag(blocks: list[dict[str, Any]], name: str) -> None:
    assert Audit(to_html("", blocks, {"U1": name})).strange == []
