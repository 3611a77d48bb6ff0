"""auth.test, users.info, users.list and bots.info."""

from bot.slack.local.arguments import Arguments
from bot.slack.local.context import Context
from bot.slack.local.refusal import Refused
from bot.slack.local.wire import Json


def tell_identity(context: Context, _args: Arguments) -> Json:
    """auth.test: whose token this is."""
    bot = context.workspace.bot
    return {
        "url": f"{context.url}/",
        "team": context.workspace.name,
        "team_id": context.workspace.team,
        "user": bot.name,
        "user_id": bot.id,
        "bot_id": bot.bot,
        "is_enterprise_install": False,
    }


def tell_user(context: Context, args: Arguments) -> Json:
    """users.info."""
    user = context.workspace.users.get(args.required("user"))
    if user is None:
        raise Refused("user_not_found")
    return {"user": user.record()}


def list_users(context: Context, args: Arguments) -> Json:
    """users.list, in pages whose cursor is the number of the next user."""
    users = list(context.workspace.users.values())
    cursor = args.text("cursor") or "0"
    if not cursor.isdigit():
        raise Refused("invalid_cursor")
    start, limit = int(cursor), args.number("limit", 1_000, 1_000)
    more = str(start + limit) if start + limit < len(users) else ""
    members = [user.record() for user in users[start : start + limit]]
    return {"members": members, "response_metadata": {"next_cursor": more}}


def tell_bot(context: Context, args: Arguments) -> Json:
    """bots.info; without `bot`, of the bot itself."""
    wanted = args.text("bot") or context.workspace.bot.bot
    for user in (context.workspace.bot, context.workspace.other_bot):
        if user.bot == wanted:
            return {"bot": user.bot_profile()}
    raise Refused("bot_not_found")
