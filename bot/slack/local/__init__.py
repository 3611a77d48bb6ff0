"""A Slack with state, on loopback and strict about Slack's rules: for tests and for the playground.

`LocalSlack.open()` serves the Web API, Socket Mode, the Events API over HTTP and the playground's page from one
port, and speaks and clicks as the people of its workspace.
"""

from bot.slack.local.calls import Call
from bot.slack.local.channels import Channel
from bot.slack.local.faults import Fault
from bot.slack.local.limits import SLACK_LIMITS, Limit
from bot.slack.local.reading import Button
from bot.slack.local.refusal import Impossible
from bot.slack.local.shown import Shown
from bot.slack.local.slack import LocalSlack
from bot.slack.local.users import User

__all__ = ["SLACK_LIMITS", "Button", "Call", "Channel", "Fault", "Impossible", "Limit", "LocalSlack", "Shown", "User"]
