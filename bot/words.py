"""Every sentence of the bot's own that people read, in one place: plain, short, and saying what to do."""

from typing import assert_never

from bot.decisions import Choice
from bot.platform import Act
from bot.status import Note, Status, Stopped, Version, Worked, Working

SENTENCES = {
    Note.THINKING: "Thinking…",
    Note.FRESH_START: "A fresh start: from here on I remember nothing of what was said before.",
    Note.NOTHING_ASKED: "Yes? Write your question in the same message as my name.",
    Note.STAYS_OUT: "I stay out of this thread now. Mention me when you want an answer, or write “come back”.",
    Note.IS_BACK: "I am back.",
    Note.NOTHING_SAID: "The model had nothing to say. Ask again, perhaps in other words.",
    Note.INTERRUPTED: "I am being restarted. The answer goes on in a moment.",
    Note.REVISED: "Your message was changed. I answer it anew.",
    Note.SUPERSEDED: "This belongs to an earlier course: the conversation went on from further up.",
    Note.ASKING: "This waits for a decision. Write something else to me here, and it is withdrawn.",
    Note.WITHDRAWN: "Withdrawn: nobody decided, and the conversation went on.",
    Note.SET_ASIDE: "I crashed on this message three times, so I set it aside. Whoever runs this bot can look into it.",
    Note.MODEL_REFUSED: "The model refused this request. Ask in other words, or tell who runs this bot.",
    Note.MODEL_TIMEOUT: "The model took too long. Ask again.",
    Note.MODEL_BROKEN: "The connection to the model broke off. Ask again, or say “go on”.",
    Note.TOO_MANY_STEPS: "That took more steps than I am allowed. Ask for a smaller part of it.",
    Note.FAILED: "Something went wrong on my side. Ask again.",
}

LABELS = {
    Act.STOP: "Stop",
    Act.RETRY: "Try again",
    Act.AGAIN: "Try again",
    Act.BRANCH: "Branch",
    Act.EARLIER: "◀ Earlier answer",
    Act.OLDER: "◀",
    Act.NEWER: "▶",
    Act.RECALL: "Show what it said",
}
"""What stands on the buttons."""

CHOICES = {
    Choice.APPROVE: "Approve{label}",
    Choice.EDIT: "Edit{label}…",
    Choice.DENY: "Deny{label}…",
}
"""What stands on those by which a request is decided; the label tells it from others."""

BRANCHING = "{who} branches off from [an answer of mine]({link})."
BRANCHED = f"{BRANCHING} Go on in this thread: I know what was said up to there."
"""At the top of a thread that goes on from an answer elsewhere, in Markdown: until it can be gone on with, and then."""

ASKED = "You asked me:"
ABOUT = "You asked me about [a message]({link}):"
SUMMARY = "You asked me for a summary of [a thread]({link})."
"""Over a thread in which a question without an audience is answered, in Markdown."""

NOT_THERE = "I cannot read that thread, as I am not in its channel: all I have is the message that you chose."

VERSION = "Answer {at} of {all}; the last is the one that everybody sees."

UNREAD = "I could not read what was said here before"
"""Beside what the tools did."""

WARNINGS = frozenset(SENTENCES) - {
    Note.THINKING,
    Note.FRESH_START,
    Note.NOTHING_ASKED,
    Note.STAYS_OUT,
    Note.IS_BACK,
    Note.INTERRUPTED,
    Note.REVISED,
    Note.SUPERSEDED,
    Note.ASKING,
    Note.WITHDRAWN,
}
"""The notes that tell of a failure."""

RETRYABLE = WARNINGS - {Note.SET_ASIDE}
"""Those after which people may have it tried again."""


def status_line(status: Status, still_seconds: int = 0) -> str:
    """The line under an answer's text; empty when there is none. It tells for how long nothing has happened."""
    line = _status_line(status)
    return f"{line or 'Still writing…'} ({still_seconds} s)" if still_seconds else line


def _status_line(status: Status) -> str:
    match status:
        case None:
            return ""
        case Note():
            return SENTENCES[status]
        case Working(summaries) | Worked(summaries):
            return " · ".join(dict.fromkeys(summaries))
        case Stopped(by):
            return f"Stopped by {by}"
        case Version(at, all_):
            return VERSION.format(at=at, all=all_)
        case _:
            assert_never(status)
