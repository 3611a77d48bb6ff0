"""What the playground shows of a message."""

from typing import Any

import pytest

from bot.slack.local.render import to_html

NAMES = {"U1": "Ada", "C1": "general"}
LINK = 'target="_blank" rel="noopener noreferrer"'


def shown(text: str) -> str:
    return to_html(text, [], NAMES)


def block(kind: str, **fields: Any) -> str:
    return to_html("", [{"type": kind, **fields}], NAMES)


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("hello", "<p>hello</p>"),
        ("*bold* _italic_ ~struck~", "<p><strong>bold</strong> <em>italic</em> <s>struck</s></p>"),
        ("*_both_*", "<p><strong><em>both</em></strong></p>"),
        ("2*3*4 snake_case_name", "<p>2*3*4 snake_case_name</p>"),
        ("`a *b*`", "<p><code>a *b*</code></p>"),
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("&gt; quoted\nnot", "<blockquote>quoted</blockquote><p>not</p>"),
        ("```a &lt; b\n*c*```", "<pre><code>a &lt; b\n*c*</code></pre>"),
        ("<https://a.example|here &amp; there>", f'<p><a href="https://a.example" {LINK}>here &amp; there</a></p>'),
        ("see https://a.example/x.", f'<p>see <a href="https://a.example/x" {LINK}>https://a.example/x</a>.</p>'),
        ("<@U1> in <#C1|old>", '<p><span class="mention">@Ada</span> in <span class="mention">#general</span></p>'),
        ("<@U9>", '<p><span class="mention">@U9</span></p>'),
        ("&lt;!here&gt; &amp;amp;", "<p>&lt;!here&gt; &amp;amp;</p>"),
        (":eyes: :nonsense:", "<p>👀 :nonsense:</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("<javascript:alert(1)|x>", "<p>&lt;javascript:alert(1)|x&gt;</p>"),
    ],
)
def test_a_text_is_shown_as_slack_reads_it(written: str, html: str) -> None:
    assert shown(written) == html


@pytest.mark.parametrize(
    ("control", "name"),
    [
        ("<!here>", "@here"),
        ("<!channel>", "@channel"),
        ("<!everyone|x>", "@everyone"),
        ("<!subteam^S1>", "@S1"),
        ("<!subteam^S1|@crew>", "@crew"),
    ],
)
@pytest.mark.parametrize("around", ["say {}", "`{}`", "```\n{}\n```", "**{}**", "[{}](https://a.example)", "\\{}"])
def test_a_ping_is_seen_wherever_it_stands_raw(control: str, name: str, around: str) -> None:
    text = around.format(control)

    assert f">{name}</span>" in block("markdown", text=text)
    assert 'class="ping"' in block("markdown", text=text)
    assert 'class="ping"' in block("section", text=mrkdwn(control))


def test_a_defused_ping_is_text() -> None:
    assert block("markdown", text="&lt;!channel> @channel") == "<p>&lt;!channel&gt; @channel</p>\n"


def test_markdown_has_headings_tables_struck_text_and_line_breaks() -> None:
    html = block("markdown", text="# Title\none\n~~two~~ <@U1>\n\n| a | b |\n|---|--:|\n| 1 | 2 |")

    assert "<h1>Title</h1>" in html
    assert '<p>one<br />\n<s>two</s> <span class="mention">@Ada</span></p>' in html
    assert '<td class="left">1</td>\n<td class="right">2</td>' in html


def test_markdown_loads_nothing_and_lets_no_html_through() -> None:
    html = block("markdown", text="![a cat](https://a.example/cat.png) <b>x</b> [y](javascript:z) https://a.example")

    assert '<span class="picture">a cat</span> &lt;b&gt;x&lt;/b&gt; [y](javascript:z) ' in html
    assert html.count("<a ") == 1


def test_a_link_inside_a_link_stays_one() -> None:
    html = block("markdown", text="[see https://in.example](https://out.example)")

    assert html == f'<p><a href="https://out.example" {LINK}>see https://in.example</a></p>\n'


def test_markdown_code_is_shown_as_it_is() -> None:
    assert block("markdown", text="```py\na < b  # :eyes:\n```") == "<pre><code>a &lt; b  # :eyes:\n</code></pre>"


def test_the_quiet_blocks() -> None:
    assert block("header", text=plain("A <b> :tada:")) == "<h2>A &lt;b&gt; 🎉</h2>"
    assert block("divider") == "<hr>"
    assert block("image", image_url="https://a.example/x.png", alt_text="x") == '<p><span class="picture">x</span></p>'
    assert block("video") == '<p><span class="unsupported">[unsupported block: video]</span></p>'
    assert block("context", elements=[mrkdwn("*a*"), {"type": "image", "alt_text": "b"}]) == (
        '<div class="context"><span><p><strong>a</strong></p></span><span><span class="picture">b</span></span></div>'
    )


def test_a_section_with_fields_and_a_button() -> None:
    button = {"type": "button", "text": plain("Go"), "action_id": "go"}
    html = block("section", text=mrkdwn("*a*"), fields=[mrkdwn("b")], accessory=button, block_id="B")

    assert "<strong>a</strong>" in html
    assert '<div class="field"><p>b</p></div>' in html
    assert 'data-action-id="go" data-block-id="B" data-value="">Go</button>' in html


def test_a_button_carries_what_a_click_sends() -> None:
    button = {"type": "button", "text": plain('"Yes"'), "action_id": 'a"b', "value": "<1>", "style": "primary"}

    assert block("actions", block_id="B", elements=[button]) == (
        '<div class="block-actions"><button type="button" class="block-button primary" data-action-id="a&quot;b"'
        ' data-block-id="B" data-value="&lt;1&gt;">&quot;Yes&quot;</button></div>'
    )


def test_a_button_with_an_address_is_a_link() -> None:
    html = block("actions", elements=[{"type": "button", "text": plain("Open"), "url": "https://a.example"}])

    assert f'<a class="block-button" href="https://a.example" {LINK}>Open</a>' in html


def test_feedback_is_two_buttons_of_one_action() -> None:
    feedback = {
        "type": "feedback_buttons",
        "action_id": "rate",
        "positive_button": {"text": plain("Good"), "value": "up", "accessibility_label": "A good answer"},
        "negative_button": {"text": plain("Bad"), "value": "down"},
    }
    html = block("context_actions", block_id="B", elements=[feedback])

    assert 'data-action-id="rate" data-block-id="B" data-value="up" aria-label="A good answer">Good</button>' in html
    assert 'data-action-id="rate" data-block-id="B" data-value="down">Bad</button>' in html


def test_rich_text_keeps_its_styles() -> None:
    assert to_html(
        "",
        [
            rich(
                {"type": "text", "text": "a\n<b>", "style": {"bold": True, "code": True}},
                {"type": "link", "url": "https://a.example", "text": "c"},
                {"type": "user", "user_id": "U1"},
                {"type": "emoji", "name": "eyes"},
                {"type": "broadcast", "range": "here"},
            )
        ],
        NAMES,
    ) == (
        f'<p><strong><code>a<br>&lt;b&gt;</code></strong><a href="https://a.example" {LINK}>c</a>'
        '<span class="mention">@Ada</span>👀'
        '<span class="ping" title="Slack would notify people here">@here</span></p>'
    )


def test_rich_text_has_lists_quotes_and_code() -> None:
    text = [{"type": "text", "text": "a"}]
    items = [{"type": "rich_text_section", "elements": text}]
    html = block(
        "rich_text",
        elements=[
            {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": items},
            {"type": "rich_text_quote", "elements": text},
            {"type": "rich_text_preformatted", "elements": text},
        ],
    )

    assert html == '<ol class="indent-1"><li>a</li></ol><blockquote>a</blockquote><pre><code>a</code></pre>'


def test_a_task_says_how_it_stands() -> None:
    html = block("task_card", title="Search <it>", status="in_progress", details=rich({"type": "text", "text": "SF"}))

    assert html == (
        '<div class="task in_progress"><span class="task-state">Running</span>'
        '<div><span class="task-title">Search &lt;it&gt;</span><p>SF</p></div></div>'
    )


def test_a_table_has_a_head_and_sides() -> None:
    rows = [
        [{"type": "raw_text", "text": "City"}, {"type": "raw_text", "text": "°C"}],
        [rich({"type": "text", "text": "SF"}), {"type": "raw_number", "value": 14, "text": "14"}],
    ]

    assert block("table", rows=rows, column_settings=[{}, {"align": "right"}]) == (
        '<table><tr><th class="left">City</th><th class="right">°C</th></tr>'
        '<tr><td class="left"><p>SF</p></td><td class="right">14</td></tr></table>'
    )
