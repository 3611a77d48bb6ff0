"""How people read what the agent asks leave for, and what was decided: Markdown, as pure functions."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.decisions import Choice, Decision, Request
from bot.excerpt import one_line

ASKED = "**{label}May I use `{name}`?**"
WHO = "{who} can decide."
ANYBODY = "Anybody here"

DECIDED = {
    Choice.APPROVE: "✓ {who} approved `{name}`",
    Choice.EDIT: "✓ {who} changed and approved `{name}`",
    Choice.DENY: "✗ {who} denied `{name}`",
}

LONGEST_LINE = 60
"""Characters of an argument that stand within a line; of a decision, that stand there at all."""


def request_text(request: Request, who: Sequence[str], label: str = "") -> str:
    """The question, with all of the arguments; `who` are the names of those who may decide."""
    head = ASKED.format(label=label and f"{label}. ", name=request.name)
    decides = WHO.format(who=" or ".join(who))
    about = [request.about] if request.about else []
    return "\n\n".join([f"{head} {decides}", *about, *_arguments(request.args)])


def decision_text(request: Request, decision: Decision) -> str:
    """What was decided and by whom, in a line that stays."""
    head = DECIDED[decision.choice].format(who=one_line(decision.name or decision.by), name=request.name)
    if decision.choice is Choice.DENY:
        return f"> {head}: {one_line(decision.reason)}" if decision.reason.strip() else f"> {head}"
    args = decision.args if decision.choice is Choice.EDIT else request.args
    told = ", ".join(f"{name} {_inline(one_line(_readable(value), LONGEST_LINE))}" for name, value in args.items())
    return f"> {head}: {told}" if told else f"> {head}"


def _arguments(args: Mapping[str, Any]) -> list[str]:
    """Short ones as a list, long ones below it, each in a block of its own."""
    texts = {name: _readable(value) for name, value in args.items()}
    short = {name: text for name, text in texts.items() if len(text) <= LONGEST_LINE and "\n" not in text}
    lines = "\n".join(f"- {name}: {_inline(text)}" for name, text in short.items())
    blocks = [f"{name}:\n{_block(text)}" for name, text in texts.items() if name not in short]
    return [*filter(None, [lines]), *blocks]


def _readable(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _inline(text: str) -> str:
    """Just as it is: nothing in it counts as Markdown."""
    fence = _fence(text, "")
    pad = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _block(text: str) -> str:
    fence = _fence(text, "``")
    return f"{fence}\n{text}\n{fence}"


def _fence(text: str, least: str) -> str:
    """More backticks than stand anywhere in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(longest + 1, len(least) + 1)
