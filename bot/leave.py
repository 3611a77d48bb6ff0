"""Asking people for leave by LangGraph's `interrupt`, in the two forms of LangChain's human-in-the-loop middleware.

One interrupt asks either about one tool call (`"type": "tool_approval"`; it is answered with a decision) or about
several (`action_requests` and `review_configs`; answered with `decisions`, one each). Source: HITLRequest and
ToolApprovalRequest in `langchain.agents.middleware.human_in_the_loop`, langchain 1.4. To both a graph may add
`deciders`. Whatever else an interrupt holds is a question, and what is said next its answer.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, cast

import structlog
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.types import Interrupt, interrupt

from bot.calls import Call, call_args, call_id, call_name, calls
from bot.decisions import Choice, Decided, Decision, Request

log = structlog.get_logger()

ONE = "tool_approval"
SEVERAL = "action_requests"

DENIED = "Denied by {who}: the tool was not run. {reason}"
CHANGED = "{who} changed this call before it ran, and wanted that. It ran with: {args}\n\n"
WITHDRAWN = "Nobody decided whether this may be run, and it was not: the person went on with what follows."


def needs_leave(name: str, patterns: Collection[str]) -> bool:
    """Whether a tool of that name is among those to be asked for; a pattern may hold `*`."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def ask_leave(call: Call, deciders: Sequence[str]) -> Mapping[str, Any]:
    """Ask for a tool call from within a node; gives what was decided, when that is."""
    asked = {"type": ONE, "tool_call_id": call_id(call), "name": call_name(call), "args": call_args(call)}
    return cast("Mapping[str, Any]", interrupt({**asked, "deciders": list(deciders)}))


def denial(call: Call, decided: Mapping[str, Any]) -> ToolMessage:
    """What the model is told of a call that was denied."""
    text = DENIED.format(who=_who(decided), reason=decided.get("message") or "").strip()
    return ToolMessage(text, tool_call_id=call_id(call), name=call_name(call), status="error")


def changed(decided: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The arguments that somebody wants instead of the model's."""
    return decided["edited_action"]["args"] if decided["type"] == Choice.EDIT.value else None


def told_of_change(result: ToolMessage, decided: Mapping[str, Any]) -> ToolMessage:
    """The result of a call that was changed, so that the model knows what ran."""
    if not isinstance(result.content, str):
        return result
    told = CHANGED.format(who=_who(decided), args=dict(decided["edited_action"]["args"]))
    return result.model_copy(update={"content": told + result.content})


def requests(asked: Interrupt) -> list[Request]:
    """What an interrupt asks leave for; nothing if it is a question, or if nothing can be made of it."""
    try:
        return _requests(asked)
    except (KeyError, TypeError, ValueError, AttributeError):
        log.warning("interrupt_not_understood")
        return []


def _requests(asked: Interrupt) -> list[Request]:
    if not isinstance(asked.value, Mapping):
        return []
    value = cast("Mapping[str, Any]", asked.value)
    if value.get("type") == ONE and "name" in value:
        return [_request(asked, 0, value, _allowed(asked))]
    actions = cast("Sequence[Mapping[str, Any]]", value.get(SEVERAL) or ())
    allowed = {config["action_name"]: config["allowed_decisions"] for config in value.get("review_configs") or ()}
    return [_request(asked, at, action, allowed.get(action["name"])) for at, action in enumerate(actions)]


def undecided(asked: Sequence[Interrupt], decided: Sequence[Decided], after: int) -> list[Request]:
    """What is asked leave for, `after` so many of the model's messages, and nobody has decided."""
    wanted = [one for each in asked for one in requests(each) if _decision(one, decided) is None]
    return [replace(one, after=after) for one in wanted]


def answers(asked: Sequence[Interrupt], decided: Sequence[Decided]) -> dict[str, Any]:
    """What the graph is to be told, by the interrupts' ids, of those of which all has been decided."""
    found: dict[str, Any] = {}
    for each in asked:
        wanted = requests(each)
        made = [(one, decision) for one in wanted if (decision := _decision(one, decided))]
        if wanted and len(made) == len(wanted):
            told = [_told(*one, is_ours="deciders" in each.value) for one in made]
            found[each.id] = {"decisions": told} if SEVERAL in each.value else told[0]
    return found


def withdrawals(known: Sequence[AnyMessage]) -> Iterator[ToolMessage]:
    """The results of the calls that were asked for, where the conversation goes on without a decision."""
    answered = {said.tool_call_id for said in known if isinstance(said, ToolMessage)}
    last = next((said for said in reversed(known) if isinstance(said, AIMessage)), None)
    for call in calls(last) if last else ():
        if call_id(call) not in answered:
            yield ToolMessage(WITHDRAWN, tool_call_id=call_id(call), name=call_name(call), status="error")


def _request(asked: Interrupt, position: int, action: Mapping[str, Any], allowed: Collection[str] | None) -> Request:
    name, about = str(action["name"]), str(action.get("description") or "")
    return Request(
        asked.id,
        position,
        name,
        # As PostgreSQL gives them back, for what was decided has to be about the same.
        json.loads(json.dumps(dict(action.get("args") or {}), default=str)),
        # The middleware's own description says what stands there anyway.
        "" if f"Tool: {name}\nArgs:" in about else about,
        tuple(choice for choice in Choice if allowed is None or choice.value in allowed),
        tuple(str(one) for one in asked.value.get("deciders") or ()),
    )


def _allowed(asked: Interrupt) -> Collection[str] | None:
    """What its schema allows, if it has one: the names of the decisions stand in it."""
    schema = str(asked.response_schema or "")
    return [choice.value for choice in Choice if f"'{choice.value}'" in schema] if schema else None


def _decision(asked: Request, decided: Sequence[Decided]) -> Decision | None:
    """What was decided of it. Of another action than was shown nothing is."""
    for request, decision in decided:
        is_it = (request.interrupt, request.position, request.name) == (asked.interrupt, asked.position, asked.name)
        if is_it and dict(request.args) == dict(asked.args):
            return decision
    return None


def _told(request: Request, decision: Decision, *, is_ours: bool) -> dict[str, Any]:
    match decision.choice:
        case Choice.EDIT:
            edited = {"name": request.name, "args": dict(decision.args)}
            told: dict[str, Any] = {"edited_action": edited}
        case Choice.DENY:
            told = {"message": decision.reason} if decision.reason else {}
        case Choice.APPROVE:
            told = {}
    # The middleware's forms may allow nothing beside their own.
    return {"type": decision.choice.value, **told} | ({"by": decision.name or decision.by} if is_ours else {})


def _who(decided: Mapping[str, Any]) -> str:
    return str(decided.get("by") or "Somebody")
