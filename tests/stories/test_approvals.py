"""A tool asks before it runs, and somebody decides."""

from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from langchain_core.tools import BaseTool, StructuredTool

from bot.decisions import Choice
from bot.platform import Act
from bot.script import Call, Gate, Reply, Say, Wire
from bot.slack.blocks import DECISIONS
from bot.slack.deciding import REFUSALS
from bot.slack.local import LocalSlack
from bot.status import Note
from bot.words import SENTENCES
from tests.stage import Model, OpenBot
from tests.stories.speech import HASTY, LEFT, answered, asked, bodies, press, quiet, written

ASKING = f"""\
**May I use `send_mail`?** Ada can decide.

- to: `bob@example.com`
- copies: `2`

text:
```
Hello,
Bob
```
{SENTENCES[Note.ASKING]}"""

APPROVED = "> ✓ Ada approved `send_mail`: to `bob@example.com`, text `Hello, Bob`, copies `2`"

ARGS = {"to": "bob@example.com", "text": "Hello,\nBob", "copies": 2}


@dataclass
class Post:
    """Mails that were sent, by the tool that sends them."""

    sent: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])

    @property
    def tool(self) -> BaseTool:
        async def send_mail(to: str, text: str, copies: int = 1) -> str:
            """Send a mail."""
            self.sent.append((to, text, copies))
            return "sent"

        return StructuredTool.from_function(coroutine=send_mail, name="send_mail")


@pytest.fixture
def post() -> Post:
    return Post()


def mails(messages: list[Wire]) -> Reply:
    """A model that sends a mail when it is asked, and says what came of it."""
    last = messages[-1]
    match last["role"], str(last["content"]):
        case "tool", told:
            return Say(f"Result: {told}")
        case _, said if "mail" in said:
            return Call([("send_mail", ARGS)], "I will write to him.")
        case _:
            return Say("Well.")


async def decide(slack: LocalSlack, who: str, choice: Choice, thread: str, *, label: str = "", at: int = -1) -> None:
    """Somebody presses that button, once it is there."""

    def values() -> list[str]:
        buttons = slack.replies("general", thread)[at].buttons
        return [str(one.value) for one in buttons if one.action_id == DECISIONS[choice] and label in one.label]

    await slack.until(lambda: slack.replies("general", thread) and values())
    message = slack.replies("general", thread)[at]
    await slack.click(who, "general", message.ts, DECISIONS[choice], value=values()[0])


async def fill_in(slack: LocalSlack, who: str, values: dict[str, str]) -> None:
    await slack.until(lambda: slack.modal(who))
    await slack.submit(who, values)


async def test_it_waits_with_its_arguments_readable_and_runs_when_it_is_approved(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_*"):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await answered(slack, "general", ts, f"I will write to him.\n\n{ASKING}")
        assert [button.label for button in slack.replies("general", ts)[0].buttons] == ["Approve", "Edit…", "Deny…"]
        assert post.sent == []
        await decide(slack, "ada", Choice.APPROVE, ts)
        await answered(slack, "general", ts, f"I will write to him.\n\n{APPROVED}\n\nResult: sent\nUsed send_mail")
        assert post.sent == [("bob@example.com", "Hello,\nBob", 2)]
        await written(slack, "general", ts, 1)
        labels = [button.label for button in slack.replies("general", ts)[0].buttons]
        assert labels[:2] == ["Try again", "Branch"]
        assert "◀ Earlier answer" not in labels
        await slack.say("ada", "general", "And?", thread=ts)
        await slack.until(lambda: bodies(slack, "general", ts)[1:] == ["Well."])
    assert asked(model)[1:] == ["I will write to him.", "sent", "sent", "And?"]


async def test_what_is_changed_runs_as_it_was_changed_and_the_model_knows(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_mail"):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await decide(slack, "ada", Choice.EDIT, ts)
        await fill_in(slack, "ada", {"arg 2": "two"})
        errors = await slack.until(lambda: (modal := slack.modal("ada")) and modal.errors)
        assert errors == {"arg 2": "This is no longer JSON. It was: 2"}
        await fill_in(slack, "ada", {"arg 1": "Dear Bob", "arg 2": "3"})
        await slack.until(lambda: "✓ Ada changed and approved `send_mail`" in bodies(slack, "general", ts)[0])
        await slack.until(lambda: "Result: Ada changed this call" in bodies(slack, "general", ts)[0])
    assert post.sent == [("bob@example.com", "Dear Bob", 3)]
    assert slack.modal("ada") is None
    assert "'text': 'Dear Bob', 'copies': 3}\n\nsent" in asked(model)[-1]


async def test_what_is_denied_does_not_run_and_the_model_is_told_why(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_mail"):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await decide(slack, "ada", Choice.DENY, ts)
        await fill_in(slack, "ada", {"reason": "He is on holiday."})
        denied = "> ✗ Ada denied `send_mail`: He is on holiday."
        told = "Result: Denied by Ada: the tool was not run. He is on holiday."
        await answered(slack, "general", ts, f"I will write to him.\n\n{denied}\n\n{told}")
    assert post.sent == []


async def test_only_whoever_may_decides(slack: LocalSlack, model: Model, start: OpenBot, post: Post) -> None:
    model.script = mails
    grace = slack.user("grace").id
    async with start(tools=[post.tool], approve="send_mail", approvers=grace):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await decide(slack, "ada", Choice.APPROVE, ts)
        await slack.until(lambda: len(slack.whispers("ada")) == 1)
        await decide(slack, "ada", Choice.DENY, ts)
        await slack.until(lambda: len(slack.whispers("ada")) == 2)
        assert {one.body for one in slack.whispers("ada")} == {REFUSALS["forbidden"]}
        assert slack.modal("ada") is None
        assert "Grace can decide." in bodies(slack, "general", ts)[0]
        await decide(slack, "grace", Choice.APPROVE, ts)
        await slack.until(lambda: "✓ Grace approved" in bodies(slack, "general", ts)[0])
        await written(slack, "general", ts, 1)
    assert len(post.sent) == 1


async def test_a_second_click_does_nothing_and_a_form_says_that_it_is_too_late(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_mail", approvers="anyone"):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await decide(slack, "grace", Choice.DENY, ts)
        await slack.until(lambda: slack.modal("grace"))
        message = slack.replies("general", ts)[0]
        for _ in range(2):
            await slack.click("ada", "general", message.ts, DECISIONS[Choice.APPROVE])
        await slack.until(lambda: "Result: sent" in bodies(slack, "general", ts)[0])
        await fill_in(slack, "grace", {"reason": "No."})
        await slack.until(lambda: (modal := slack.modal("grace")) and "decided already" in str(modal.view))
        await quiet(slack)
    assert "✓ Ada approved" in bodies(slack, "general", ts)[0]
    assert len(post.sent) == 1
    assert slack.whispers("ada") == []


async def test_it_waits_over_restarts_and_whoever_gets_the_click_goes_on(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_mail"):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await written(slack, "general", ts, 1)
    async with start(tools=[post.tool], approve="send_mail"), start(tools=[post.tool], approve="send_mail"):
        await decide(slack, "ada", Choice.APPROVE, ts)
        await slack.until(lambda: "Result: sent" in bodies(slack, "general", ts)[0])
        await written(slack, "general", ts, 1)
    assert len(post.sent) == 1


async def test_killed_between_the_click_and_its_effect_the_next_one_goes_on(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    gate = Gate()
    model.script = lambda messages: Say(["Sen", gate, "t."]) if messages[-1]["role"] == "tool" else mails(messages)
    async with start(tools=[post.tool], approve="send_mail", limits=HASTY):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await decide(slack, "ada", Choice.APPROVE, ts)
        await slack.until(lambda: "Sen" in bodies(slack, "general", ts)[0])
    gate.open()
    async with start(tools=[post.tool], approve="send_mail"):
        await answered(slack, "general", ts, f"I will write to him.\n\n{APPROVED}\n\nSent.\nUsed send_mail")
    assert len(post.sent) == 1


def approvals(slack: LocalSlack, thread: str) -> list[str]:
    """The requests that can be approved."""
    buttons = slack.replies("general", thread)[0].buttons
    return [str(one.value) for one in buttons if one.action_id == DECISIONS[Choice.APPROVE]]


async def test_several_at_once_are_decided_one_by_one(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    def script(messages: list[Wire]) -> Reply:
        results = [str(message["content"]) for message in messages if message["role"] == "tool"]
        calls = [("send_mail", {"to": to, "text": "Hi"}) for to in ("bob", "eve", "joe")]
        return Say("; ".join(results)) if results else Call(calls)

    model.script = script
    async with start(tools=[post.tool], approve="send_mail"):
        ts = await slack.say("ada", "general", "@skein mail them")
        await decide(slack, "ada", Choice.APPROVE, ts, label="2")
        await slack.until(lambda: "**2. May I" in (text := bodies(slack, "general", ts)[0]) and "`eve`" in text)
        await slack.until(lambda: post.sent == [("eve", "Hi", 1)])
        # At once: the second comes while the turn that the first has begun runs, or waits.
        values = await slack.until(lambda: approvals(slack, ts) if len(approvals(slack, ts)) < 3 else [])
        for value in values:
            message = slack.replies("general", ts)[0]
            await slack.click("ada", "general", message.ts, DECISIONS[Choice.APPROVE], value=value)
        await slack.until(lambda: "sent; sent; sent" in bodies(slack, "general", ts)[0])
        await written(slack, "general", ts, 1)
    assert sorted(to for to, _, _ in post.sent) == ["bob", "eve", "joe"]
    assert bodies(slack, "general", ts)[0].count("✓ Ada approved") == 3


async def test_a_message_instead_of_a_decision_withdraws_it_visibly(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_mail"):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await written(slack, "general", ts, 1)
        await slack.say("ada", "general", "@skein No, wait.", thread=ts)
        withdrawn = ASKING.replace(SENTENCES[Note.ASKING], SENTENCES[Note.WITHDRAWN])
        await answered(slack, "general", ts, f"I will write to him.\n\n{withdrawn}", "Well.")
        assert slack.replies("general", ts)[0].buttons == ()
    assert post.sent == []
    assert any(text.startswith("Nobody decided") for text in asked(model))


async def test_a_message_to_others_withdraws_nothing(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_mail"):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await written(slack, "general", ts, 1)
        await slack.say("ada", "general", "@grace what do you think?", thread=ts)
        await slack.say("grace", "general", "@ada do it", thread=ts)
        await quiet(slack)
        await decide(slack, "ada", Choice.APPROVE, ts)
        await slack.until(lambda: "Result: sent" in bodies(slack, "general", ts)[0])


async def test_when_its_question_is_changed_it_is_void_and_so_it_is_when_it_is_asked_again(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_mail"):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await decide(slack, "ada", Choice.APPROVE, ts)
        await slack.until(lambda: "Result: sent" in bodies(slack, "general", ts)[0])
        await press(slack, "ada", "general", Act.AGAIN, ts)
        await answered(slack, "general", ts, f"I will write to him.\n\n{ASKING}")
        old = slack.replies("general", ts)[0]
        await slack.edit("ada", "general", ts, "@skein Hello.")
        await answered(slack, "general", ts, "Well.")
        assert {one.action_id for one in old.buttons}.isdisjoint(
            one.action_id for one in slack.replies("general", ts)[0].buttons
        )
    assert len(post.sent) == 1


async def test_a_request_further_down_is_left_with_the_course_that_it_belongs_to(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_mail"):
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "Well.")
        await slack.say("ada", "general", "mail Bob", thread=ts)
        await written(slack, "general", ts, 2)
        await slack.edit("ada", "general", ts, "@skein two")
        await answered(slack, "general", ts, "Well.", LEFT)
        await slack.say("ada", "general", "three", thread=ts)
        await answered(slack, "general", ts, "Well.", LEFT, "Well.")
    assert asked(model) == ["two", "Well.", "three"]


async def test_what_is_forgotten_leaves_nothing_of_it(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post, database_url: str
) -> None:
    model.script = mails
    async with start(tools=[post.tool], approve="send_mail"):
        ts = await slack.say("ada", "general", "@skein one")
        await answered(slack, "general", ts, "Well.")
        question = await slack.say("ada", "general", "mail Bob", thread=ts)
        await written(slack, "general", ts, 2)
        await slack.delete("ada", "general", question)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            asked_for = 1
            while asked_for:
                await quiet(slack)
                (asked_for,) = await (await connection.execute("select count(*) from skein_requests")).fetchone() or (
                    1,
                )
        message = slack.replies("general", ts)[1]
        await slack.click("ada", "general", message.ts, DECISIONS[Choice.APPROVE])
        await slack.until(lambda: [one.body for one in slack.whispers("ada")] == [REFUSALS["gone"]])
    assert post.sent == []


CHANNELS = """
[{general}]
approve = []
[{research}]
approvers = ["{grace}"]
"""


async def test_a_channel_may_ask_for_less_and_let_others_decide(
    slack: LocalSlack, model: Model, start: OpenBot, post: Post, tmp_path: Path
) -> None:
    model.script = mails
    file = tmp_path / "channels.toml"
    ids = {name: slack.channel(name).id for name in ("general", "research")}
    file.write_text(CHANNELS.format(grace=slack.user("grace").id, **ids), "utf-8")
    async with start(tools=[post.tool], approve="send_mail", channels_config=file):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await answered(slack, "general", ts, "I will write to him.\n\nResult: sent\nUsed send_mail")
        ts = await slack.say("ada", "research", "@skein mail Bob")
        await slack.until(lambda: "Grace can decide." in "".join(bodies(slack, "research", ts)))
    assert len(post.sent) == 1


STANDARD = """
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware

def send_mail(to: str, text: str, copies: int = 1) -> str:
    "Send a mail."
    return f"{copies} to {to}"

def batched(model, checkpointer):
    guard = HumanInTheLoopMiddleware({"send_mail": True})
    return create_agent(model, [send_mail], middleware=[guard], checkpointer=checkpointer)

def per_call(model, checkpointer):
    allowed = {"allowed_decisions": ["approve", "reject"]}
    guard = HumanInTheLoopMiddleware({"send_mail": allowed}, interrupt_mode="per_call")
    return create_agent(model, [send_mail], middleware=[guard], checkpointer=checkpointer)
"""


@pytest.mark.parametrize("name", ["batched", "per_call"])
async def test_graphs_of_ones_own_ask_by_the_middleware_of_langchain(
    slack: LocalSlack, model: Model, start: OpenBot, tmp_path: Path, name: str
) -> None:
    model.script = mails
    (tmp_path / "standard.py").write_text(STANDARD, "utf-8")
    async with start(agent=f"{tmp_path / 'standard.py'}:{name}"):
        ts = await slack.say("ada", "general", "@skein mail Bob")
        await answered(slack, "general", ts, f"I will write to him.\n\n{ASKING}")
        labels = [button.label for button in slack.replies("general", ts)[0].buttons]
        assert labels == (["Approve", "Edit…", "Deny…"] if name == "batched" else ["Approve", "Deny…"])
        await decide(slack, "ada", Choice.APPROVE, ts)
        told = f"I will write to him.\n\n{APPROVED}\n\nResult: 2 to bob@example.com\nUsed send_mail"
        await answered(slack, "general", ts, told)
        await slack.say("ada", "general", "mail him again", thread=ts)
        await decide(slack, "ada", Choice.DENY, ts)
        await fill_in(slack, "ada", {"reason": "Once will do."})
        await slack.until(lambda: "rejected the tool call" in bodies(slack, "general", ts)[1])
        await slack.say("ada", "general", "once more, mail him", thread=ts)
        await written(slack, "general", ts, 3)
        await slack.say("ada", "general", "No, leave it.", thread=ts)
        await slack.until(lambda: bodies(slack, "general", ts)[3:] == ["Well."])
        assert SENTENCES[Note.WITHDRAWN] in bodies(slack, "general", ts)[2]


MUDDLED = """
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

def ask(state):
    return {"messages": [("ai", str(interrupt({"action_requests": [{"nom": "x"}], "question": "Well?"})))]}

graph = StateGraph(MessagesState)
graph.add_node("ask", ask)
graph.add_edge(START, "ask")
"""


async def test_an_interrupt_that_nothing_can_be_made_of_is_a_question(
    slack: LocalSlack, start: OpenBot, tmp_path: Path
) -> None:
    (tmp_path / "muddled.py").write_text(MUDDLED, "utf-8")
    async with start(agent=f"{tmp_path / 'muddled.py'}:graph"):
        ts = await slack.say("ada", "general", "@skein one")
        await slack.until(lambda: bodies(slack, "general", ts)[:1])
        assert bodies(slack, "general", ts)[0].startswith("Well?\n- **action_requests:**")
        await slack.say("ada", "general", "Two", thread=ts)
        await slack.until(lambda: bodies(slack, "general", ts)[1:] == ["Two"])


async def test_several_calls_of_one_message_are_one_question_of_the_middleware(
    slack: LocalSlack, model: Model, start: OpenBot, tmp_path: Path
) -> None:
    def script(messages: list[Wire]) -> Reply:
        results = [str(message["content"]) for message in messages if message["role"] == "tool"]
        calls = [("send_mail", {"to": to, "text": "Hi"}) for to in ("bob", "eve")]
        return Say("; ".join(results)) if results else Call(calls)

    model.script = script
    (tmp_path / "standard.py").write_text(STANDARD, "utf-8")
    async with start(agent=f"{tmp_path / 'standard.py'}:batched"):
        ts = await slack.say("ada", "general", "@skein mail them")
        await decide(slack, "ada", Choice.APPROVE, ts, label="2")
        await slack.until(lambda: len(approvals(slack, ts)) == 1)
        assert len(model.server.requests) == 1
        await decide(slack, "ada", Choice.EDIT, ts)
        await fill_in(slack, "ada", {"arg 0": "rob"})
        await slack.until(lambda: "1 to rob" in (text := bodies(slack, "general", ts)[0]) and "1 to eve" in text)
