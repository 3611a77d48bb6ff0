"""The bot's home as one person sees it, as pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Any

from bot.affairs import Affair
from bot.conversation import Conversation
from bot.excerpt import one_line
from bot.lasting import Fact
from bot.plain import plain as without_marks
from bot.recurrence import in_words
from bot.reminders import Reminder
from bot.slack.addresses import address
from bot.slack.forms import Json, plain

CANCEL = "skein_cancel"
FORGET, FORGET_ALL, LANGUAGE = "skein_forget", "skein_forget_all", "skein_language"
"""The actions in it."""

MOST = 10
"""Conversations, requests and facts that are shown of each."""

HELLO = """\
I answer in threads and in private, and remember each conversation by itself.
• *In a channel*, mention me. In the thread you can go on without that.
• *Privately*, write to me as to anybody else. _new topic_ starts afresh.
• *Change* a message of yours, and I answer it anew. *Delete* it, and I forget it.\
"""

ABILITIES: Mapping[str, str] = MappingProxyType(
    {
        "web_search": "search the web",
        "read_page": "read web pages",
        "current_time": "tell the time",
        "read_channel": "read what was said in the channel",
        "find_people": "find people here",
        "share_file": "answer with files",
        "schedule": "remind you, and do things later",
        "remember": "remember what you want remembered",
    }
)
"""What the tools let it do, in people's words."""

LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "English": "English",
        "German": "Deutsch",
        "French": "Français",
        "Spanish": "Español",
        "Portuguese": "Português",
        "Italian": "Italiano",
        "Dutch": "Nederlands",
        "Polish": "Polski",
        "Turkish": "Türkçe",
        "Ukrainian": "Українська",
        "Russian": "Русский",
        "Arabic": "العربية",
        "Hindi": "हिन्दी",
        "Chinese": "中文",
        "Japanese": "日本語",
        "Korean": "한국어",
    }
)
"""Those that can be chosen, by their names in English."""

HELPERS = frozenset({"recall", "forget", "own_setup", "scheduled", "unschedule"})
"""What belongs to those."""

AS_WRITTEN = "as_written"
NOTHING = "Nothing."


@dataclass(frozen=True, slots=True)
class Content:
    """What stands in it; `url` is the workspace's address."""

    url: str
    tools: Sequence[str]
    waiting: Sequence[Affair]
    conversations: Sequence[Affair]
    reminders: Sequence[Reminder]
    facts: Sequence[Fact]
    language: str


def home(content: Content) -> Json:
    """The view."""
    facts = content.facts[-MOST:]
    more = len(content.facts) - len(facts)
    blocks = [
        _text(f"{HELLO}{_abilities(content.tools)}"),
        _header("Waiting for your decision"),
        _list([_affair(content.url, one) for one in content.waiting]),
        _header("Your conversations"),
        _list([_affair(content.url, one) for one in content.conversations]),
        _header("Later"),
        *([_reminder(one) for one in content.reminders[:MOST]] or [_text(NOTHING)]),
        _header("What I remember of you"),
        *([_fact(one) for one in facts] or [_text(NOTHING)]),
        *([_text(f"And {more} more.")] if more else []),
        *([{"type": "actions", "elements": [_forget_all()]}] if facts else []),
        _header("Your language"),
        _text("What I answer you in.") | {"accessory": _languages(content.language)},
    ]
    return {"type": "home", "blocks": blocks}


def _abilities(tools: Sequence[str]) -> str:
    known = [ABILITIES[name] for name in tools if name in ABILITIES]
    others = sum(name not in ABILITIES and name not in HELPERS for name in tools)
    told = [*known, *([f"use {others} other tools" if others > 1 else "use another tool"] if others else [])]
    return f"\n\nI can {', '.join(told)}." if told else ""


def _text(mrkdwn: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn[:3_000]}}


def _header(text: str) -> Json:
    return {"type": "header", "text": plain(text)}


def _list(lines: Sequence[str]) -> Json:
    return _text("\n".join(f"• {line}" for line in lines) or NOTHING)


def _affair(url: str, affair: Affair) -> str:
    """What it says, and where; what people wrote means nothing to Slack here."""
    text = escape(one_line(without_marks(affair.text)) or "…", quote=False).replace("|", "¦")
    return f"{_link(url, affair, text)}{_where(affair.conversation)}"


def _link(url: str, affair: Affair, text: str) -> str:
    if not affair.ts.replace(".", "").isdecimal():
        return text
    return f"<{address(url, affair.conversation, affair.ts)}|{text}>"


def _where(conversation: Conversation) -> str:
    return ", privately" if conversation.is_direct else f" in <#{conversation.channel}>"


def _reminder(reminder: Reminder) -> Json:
    """When by the reader's own clock, as Slack shows it."""
    when = int(reminder.next_at.timestamp())
    date = f"<!date^{when}^{{date_short_pretty}} {{time}}|{reminder.next_at:%Y-%m-%d %H:%M} UTC>"
    often = f", {in_words(reminder.rule)}" if reminder.rule else ""
    where = _where(Conversation.parse(reminder.lane))
    text = f"{date}{often}{where}: {escape(one_line(reminder.what), quote=False)}"
    return _text(text) | {"accessory": _button(CANCEL, "Cancel", str(reminder.id))}


def _fact(fact: Fact) -> Json:
    where = f" (known in <#{fact.channel}> and privately)" if fact.channel else ""
    return _text(f"{escape(fact.text, quote=False)}{where}") | {"accessory": _button(FORGET, "Forget", fact.key)}


def _button(action: str, label: str, value: str) -> Json:
    return {"type": "button", "action_id": action, "text": plain(label), "value": value}


def _forget_all() -> Json:
    asked: dict[str, Any] = {
        "title": plain("Forget all of it?"),
        "text": plain("What I remember of you is gone then. Conversations are not touched."),
        "confirm": plain("Forget it"),
        "deny": plain("Keep it"),
    }
    return _button(FORGET_ALL, "Forget all of it", "all") | {"style": "danger", "confirm": asked}


def _languages(chosen: str) -> Json:
    options = [_option("As I write", AS_WRITTEN), *(_option(own, name) for name, own in LANGUAGES.items())]
    initial = next((option for option in options if option["value"] == chosen), options[0])
    return {"type": "static_select", "action_id": LANGUAGE, "options": options, "initial_option": initial}


def _option(text: str, value: str) -> Json:
    return {"text": plain(text), "value": value}
