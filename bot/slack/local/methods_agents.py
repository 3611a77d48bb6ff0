"""What Slack shows of an agent beside its messages: the state of a thread, and prompts to begin with."""

from bot.slack.local.arguments import Arguments
from bot.slack.local.context import AGENT, Context, Session
from bot.slack.local.refusal import Refused, malformed
from bot.slack.local.wire import Json, as_list, as_object, as_objects, as_text

STATUSES = frozenset({"active", "processing", "suspended", "closed"})
TITLE_CHARACTERS, MOST_PROMPTS = 200, 4


def set_session(context: Context, args: Arguments) -> Json:
    """agents.sessions.setStatus: of a thread's session, which is made by the first call, with its title."""
    if AGENT not in context.scopes:
        raise Refused("not_allowed")  # an app that is no agent; Slack's own word for it is not documented
    channel = context.joined(args, "channel_id")
    thread_ts, status = args.required("thread_ts"), args.required("status")
    context.thread_of(channel, args)
    title = args.text("title") or ""
    if status not in STATUSES or len(title) > TITLE_CHARACTERS:
        raise malformed("invalid_arguments", [f"status: {status}, title: {len(title)} characters"])
    who = args.text("initiator_user_id")
    if who and who not in channel.members:
        raise Refused("user_not_in_channel")
    key = (channel.id, thread_ts)
    known = context.sessions.get(key)
    context.sessions[key] = Session(status, known.title if known else title)
    return {"status": status, "agent_status": status, "title": context.sessions[key].title}


def set_prompts(context: Context, args: Arguments) -> Json:
    """assistant.threads.setSuggestedPrompts; with a `thread_ts` it does nothing for an agent."""
    channel = context.joined(args, "channel_id")
    prompts = as_objects(as_list(args.structure("prompts")) or [])
    if not 1 <= len(prompts) <= MOST_PROMPTS or any(as_object(one) is None for one in prompts):
        raise malformed("invalid_arguments", [f"from 1 to {MOST_PROMPTS} prompts [json-pointer:/prompts]"])
    if not all(as_text(one.get("title")) and as_text(one.get("message")) for one in prompts):
        raise malformed("invalid_arguments", ["each prompt has a title and a message [json-pointer:/prompts]"])
    if not args.text("thread_ts"):
        context.prompts[channel.id] = tuple(as_text(one["message"]) for one in prompts)
    return {}
