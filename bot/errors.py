"""The exceptions of the bot, as one small tree.

SkeinError
├── SettingsError       a setting is missing or malformed; the text names it and what to do
├── DatabaseError       PostgreSQL cannot be reached or refuses
├── LeaseLost           the turn may be another worker's by now: nothing more is to be written
├── Drained             the run was ended between two nodes, to be gone on with elsewhere
├── StoppedByPeople     somebody wanted no more of the answer; what was told of it is kept
├── UnknownCheckpoint   the conversation has no such checkpoint
├── UnknownMessage      no such message is set aside
├── PlatformError       Slack refused for good; `code` is its word for it
│   ├── Unreadable      what was said in a conversation cannot be read now
│   ├── Busy            Slack wants us to wait; `retry_after` in seconds
│   └── Gone            the message is not there any more: somebody deleted it
└── AgentError          the agent could not answer
    ├── ModelRefused    the model's server said no (key, name, rate)
    │   └── ContentRefused  it said no to what was asked (content, size, form): the same again fails again
    ├── ModelTimeout    the model was silent for too long
    ├── ModelBroken     the connection ended, or the server failed, in the middle or before
    └── TooManySteps    the recursion limit was reached

Vendors' errors are translated where they are caught, once; `__cause__` keeps the original.
"""


class SkeinError(Exception):
    """The root. Its text may be shown to the administrator, never to people in a channel."""


class SettingsError(SkeinError):
    """A setting is missing or malformed."""


class DatabaseError(SkeinError):
    """PostgreSQL cannot be reached, or refuses."""


class UnknownCheckpoint(SkeinError, LookupError):
    """The conversation has no such checkpoint."""


class UnknownMessage(SkeinError, LookupError):
    """No such message is set aside."""


class LeaseLost(SkeinError):
    """The turn may be another worker's by now."""


class Drained(SkeinError):
    """The run was ended between two nodes."""


class StoppedByPeople(SkeinError):
    """Somebody wanted no more of the answer."""


class PlatformError(SkeinError):
    """The platform refused for good."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unreadable(PlatformError):
    """What was said in a conversation cannot be read now."""


class Busy(PlatformError):
    """The platform asks for patience."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


class Gone(PlatformError):
    """The message is not there any more."""


class AgentError(SkeinError):
    """The agent could not answer."""


class ModelRefused(AgentError):
    """The model's server said no."""


class ContentRefused(ModelRefused):
    """The model, or its server, said no to what was asked; asking the same again fails again."""


class ModelTimeout(AgentError):
    """The model was silent for too long."""


class ModelBroken(AgentError):
    """The model's answer broke off, or its server failed."""


class TooManySteps(AgentError):
    """The agent went round its loop too often."""
