"""Where in Slack a message can be looked at."""

from bot.conversation import Conversation


def address(url: str, place: Conversation, ts: str) -> str:
    """As `chat.getPermalink` gives it, but also where the bot is not; `url` is the workspace's own address."""
    inside = f"?thread_ts={place.thread}&cid={place.channel}" if place.thread_ts not in {None, ts} else ""
    return f"{url}archives/{place.channel}/p{ts.replace('.', '')}{inside}"
