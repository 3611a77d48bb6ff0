import re

import pytest
from hypothesis import given, strategies as st

from bot.defuse import defuse
from tests.laws import examples

ASKER = "U0ASKER"
ALLOWED = frozenset({ASKER})
J = "\u2060"

CALL = re.compile(r"<\\?!(?!doctype)[a-z]|<\\?@[uwb]|<\\?#[cgd]|(?<![a-z0-9])@(?:channel|here|everyone)", re.IGNORECASE)
"""What Slack may take for a call, read generously."""


def unescaped(text: str) -> str:
    """As Slack undoes its own escapes."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def calls(text: str) -> list[str]:
    """Every call of a person, a group or a channel in the text as it is, and unescaped once and twice."""
    forms = [text, unescaped(text), unescaped(unescaped(text))]
    return [call for form in forms for call in CALL.findall(form.replace(f"<@{ASKER}>", "the asker"))]


signs = ["<", "&lt;", "&amp;lt;", "&#60;", "&lt", "!", "@", "#", "|", ">", "&gt;", "\\", "*", "-", "&", " ", "\n"]
names = ["channel", "HERE", "everyone", "subteam^S1", "date^1^{d}", "U123", "w1", "C1", "B2", "a", "`", ASKER]
forms = ["<!channel>", "<!subteam^S1|@team>", "<@U123>", "<@U1|here>", "<#C1|x>", f"<@{ASKER}>", f"<@{ASKER}|x>"]
texts = st.lists(st.one_of(*map(st.sampled_from, [signs, signs, names, forms])), max_size=15).map("".join)
laws = examples(80)


@laws
@given(texts, st.integers(0, 60))
def test_no_text_and_no_beginning_of_one_calls_anybody_but_the_asker(text: str, end: int) -> None:
    assert calls(defuse(text, ALLOWED)) == []
    assert calls(defuse(text[:end], ALLOWED)) == []
    assert calls(defuse(text)[:end]) == []


@laws
@given(texts)
def test_nobody_is_called_when_nobody_is_allowed(text: str) -> None:
    assert f"<@{ASKER}>" not in defuse(text)


@laws
@given(texts)
def test_to_defuse_twice_changes_nothing(text: str) -> None:
    assert defuse(defuse(text, ALLOWED), ALLOWED) == defuse(text, ALLOWED)
    assert defuse(defuse(text)) == defuse(text)


@laws
@given(st.text(st.characters(codec="utf-8", exclude_characters="<&@")))
def test_a_text_without_calls_is_left_alone(text: str) -> None:
    assert defuse(text) == text


@pytest.mark.parametrize(
    ("text", "defused"),
    [
        ("<!channel>", f"<{J}!channel>"),
        ("<!Here|here>", f"<{J}!Here|here>"),
        ("`<!everyone>`", f"`<{J}!everyone>`"),
        ("<!subteam^S1|@team>", f"<{J}!subteam^S1|@team>"),
        ("<!date^1^{date}|now>", f"<{J}!date^1^{{date}}|now>"),
        ("<!chan", f"<{J}!chan"),
        ("&lt;!channel&gt;", f"&lt;{J}!channel&gt;"),
        ("<\\!channel>", f"<{J}\\!channel>"),
        ("<@U123>", "@U123"),
        ("<@W123|Ada L.>", "@Ada L."),
        ("<@U123", f"<{J}@U123"),
        ("<#C123|general>", "#general"),
        ("<#C123>", "#C123"),
        ("<<@U1>!channel>", f"<@{J}U1!channel>".replace(f"@{J}", f"{J}@")),
        ("<@U1|@here>", f"@{J}here"),
        ("ask @channel, (@here) or _@everyone_", f"ask @{J}channel, (@{J}here) or _@{J}everyone_"),
        ("请@channel看", f"请@{J}channel看"),
        (f"<@{ASKER}|boss> and <@{ASKER}>", f"@boss and <@{ASKER}>"),
        (f"<@{ASKER.lower()}>", f"<{J}@{ASKER.lower()}>"),
    ],
)
def test_a_call_is_made_readable_and_harmless(text: str, defused: str) -> None:
    assert defuse(text, ALLOWED) == defused


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html>\n<!-- a comment -->\n<![CDATA[x]]>",
        "bob@here.com and @ada, #general",
        "a < b && c <- d; List<@NonNull String> x; vec<#T>",
        "<https://example.com|label> &amp; &lt;b&gt;",
    ],
)
def test_what_calls_nobody_stays_as_it_is(text: str) -> None:
    assert defuse(text) == text
