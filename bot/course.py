"""The course of an answer: what the agent tells, as its reply shows it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import assert_never

from bot.asking import decision_text
from bot.conversation import (
    AgentEvent,
    Complete,
    NodeEnded,
    NodeStarted,
    Reasoned,
    Restarted,
    Token,
    ToolEnded,
    ToolStarted,
    Unread,
    WentBack,
)
from bot.decisions import Asked, WasDecided
from bot.excerpt import one_line
from bot.platform import Ask
from bot.reply import Reply
from bot.status import Note, Status, Worked, Working
from bot.words import UNREAD

ASKING = "asking"
"""The draft of what people are asked to decide."""

LONGEST_THOUGHT = 500
"""How many characters of what a model thinks are looked at for its last sentence."""


@dataclass(slots=True)
class Course:
    """The text and the tools of an answer so far, as its reply shows them."""

    reply: Reply
    _drafts: dict[str, str] = field(default_factory=dict[str, str])
    _tools: dict[str, str] = field(default_factory=dict[str, str])
    _done: dict[str, str] = field(default_factory=dict[str, str])
    _thought: str = ""

    def follow(self, event: AgentEvent) -> None:
        """Take the next event of the agent in."""
        match event:
            case Token(text, draft):
                self._write(text, draft)
            case Restarted(draft):
                self._drafts[draft] = ""
                self.reply.rewrite("\n\n".join(filter(None, self._drafts.values())))
            case Reasoned(text):
                self._think(text)
            case Unread():
                self._done[UNREAD] = UNREAD
            case Complete():
                self.reply.complete(self.status)
            case ToolStarted() | ToolEnded():
                self._follow_tool(event)
            case WasDecided(request, decision):
                self._write(decision_text(request, decision), f"{request.interrupt} {request.position} decided")
            case NodeStarted() | NodeEnded() | WentBack() | Asked():
                pass
            case _:
                assert_never(event)

    def _follow_tool(self, event: ToolStarted | ToolEnded) -> None:
        match event:
            case ToolStarted(call, _, summary, done):
                self._tools[call] = summary
                self._done[call] = done
            case ToolEnded(call, _, failed):
                self._tools.pop(call, None)
                if failed:
                    self._done.pop(call, None)
        self.reply.show_status(Working(tuple(self._tools.values())) if self._tools else Note.THINKING)

    def ask(self, text: str, asks: Sequence[Ask]) -> None:
        """The answer ends here for now, and people are asked for decisions."""
        self._write(text, ASKING)
        self.reply.ask(asks)

    def _think(self, text: str) -> None:
        """Show the last sentence of what it thinks, while it thinks."""
        self._thought = f"{self._thought}{text}"[-LONGEST_THOUGHT:]
        sentence = re.split(r"(?<=[.!?])\s+|\n+", self._thought.strip())[-1]
        if not any(self._drafts.values()):
            self.reply.show_status(Working((f"Thinking: {one_line(sentence)}",)))

    def _write(self, text: str, draft: str) -> None:
        if not text:
            return
        # What the model says after a tool is a paragraph of its own.
        seam = "" if self._drafts.get(draft) or not any(self._drafts.values()) else "\n\n"
        self._drafts[draft] = self._drafts.get(draft, "") + text
        self.reply.show_status(None)
        self.reply.write(seam + text)

    @property
    def status(self) -> Status:
        """What stays under the answer once it is whole."""
        if ASKING in self._drafts:
            return Note.ASKING
        if not any(text.strip() for text in self._drafts.values()):
            return Note.NOTHING_SAID
        return Worked(tuple(self._done.values())) if self._done else None
