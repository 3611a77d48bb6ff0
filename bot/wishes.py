"""What people ask of the bot itself, in messages that say nothing else."""

import re

from bot.conversation import DIRECT, Message

_HERE = r"(this|the|our) (thread|conversation)"

STAY_OUT = re.compile(rf"(please,? )?(stay|keep) out( of {_HERE})?(,? please)?[.!]*", re.IGNORECASE)
"""What people write in a thread that the bot is to stay out of."""

COME_BACK = re.compile(rf"(please,? )?come back( (in|into|to) {_HERE})?(,? please)?[.!]*", re.IGNORECASE)
"""What they write when it may speak there again."""

NEW_TOPIC = "new topic"
"""What a person writes at the top level of a direct message to start it afresh."""


def starts_afresh(message: Message) -> bool:
    """Whether it asks to start a direct message afresh."""
    return message.conversation.thread == DIRECT and message.text.strip().casefold() == NEW_TOPIC


def wants_out(message: Message) -> bool:
    """Whether it asks the bot to stay out of the thread."""
    return not message.conversation.is_direct and bool(STAY_OUT.fullmatch(message.text.strip()))


def wants_back(message: Message) -> bool:
    """Whether it asks the bot to come back into the thread."""
    return not message.conversation.is_direct and bool(COME_BACK.fullmatch(message.text.strip()))
