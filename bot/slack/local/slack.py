"""LocalSlack: the whole of it in one object, for tests and the playground to hold."""

import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Self, TypeVar

from bot.slack.local.api import Api
from bot.slack.local.bell import Bell
from bot.slack.local.calls import Call, Calls
from bot.slack.local.changes import Change, Whispered
from bot.slack.local.channels import Channel, Kind
from bot.slack.local.context import Context
from bot.slack.local.delivery import ACK_TIMEOUT, RETRY_DELAYS, Delivery, Dispatch
from bot.slack.local.events import PLAIN_EVENTS
from bot.slack.local.faults import Fault
from bot.slack.local.limits import SLACK_LIMITS, Limit
from bot.slack.local.live import Live
from bot.slack.local.messages import Message
from bot.slack.local.page_api import PageApi
from bot.slack.local.people import People, Where, Who
from bot.slack.local.publisher import Publisher
from bot.slack.local.seed import PLAIN_SCOPES, PLAIN_SHORTCUTS, seeded
from bot.slack.local.server import listening_socket, serving
from bot.slack.local.shown import Shown, shown, shown_whisper
from bot.slack.local.sockets import Sockets
from bot.slack.local.tokens import Tokens
from bot.slack.local.transcript import transcript
from bot.slack.local.users import User
from bot.slack.local.webhook import signed_headers

T = TypeVar("T")

STREAM_LIFE = timedelta(minutes=5)
_GLANCE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Parts:
    context: Context
    publisher: Publisher
    delivery: Delivery
    api: Api
    sockets: Sockets
    bell: Bell


class LocalSlack(People):
    """A running Slack. Use `open`. What people do comes from People; here is what can be seen and set."""

    def __init__(self, parts: _Parts) -> None:
        super().__init__(parts.context, parts.publisher)
        self._parts = parts
        self.workspace.listen(self._keep_whisper)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        *,
        port: int = 0,
        team: str = "Local",
        bot_name: str = "skein",
        note: str | None = None,
        scopes: Collection[str] = PLAIN_SCOPES,
        subscriptions: Collection[str] = PLAIN_EVENTS,
        limits: Mapping[str, Limit] | None = SLACK_LIMITS,
        latency: timedelta = timedelta(0),
        retry_delays: Sequence[timedelta] = RETRY_DELAYS,
        ack_timeout: timedelta = ACK_TIMEOUT,
        events_url: str | None = None,
        stream_life: timedelta = STREAM_LIFE,
        shortcuts: Mapping[str, str] = PLAIN_SHORTCUTS,
    ) -> AsyncGenerator[Self]:
        """Serve on 127.0.0.1 until the block ends; what is outstanding then is dropped.

        `scopes` and `subscriptions` are the manifest's. `limits` are by method, None for no limits at all. `latency`
        is a call's whole way. An event that is not acknowledged within `ack_timeout` comes again after each of the
        `retry_delays`. Without a Socket Mode connection, events go to `events_url`. A native stream dies after
        `stream_life`. The page has `note`, and `shortcuts` (texts by callback) in messages' menus. Raises OSError.
        """
        listening = listening_socket(port)
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        workspace, tokens, bell = seeded(team, bot_name), Tokens(), Bell()
        sockets = Sockets(f"ws://{address}/link/", str(workspace.bot.app))
        context = Context(workspace, set(scopes), f"http://{address}", sockets.link, stream_life)
        async with Delivery.open(sockets, tokens.signing_secret, bell.ring) as delivery:
            delivery.retry_delays, delivery.ack_timeout, delivery.events_url = retry_delays, ack_timeout, events_url
            publisher = Publisher(workspace, delivery, tokens.verification, set(subscriptions))
            api = Api(context, tokens, Calls(bell.ring), dict(limits or {}), latency)
            live = Live(workspace, context.modals.get, context.home)
            slack = cls(_Parts(context, publisher, delivery, api, sockets, bell))
            for listener in (publisher.changed, live.changed, slack._ring):
                workspace.listen(listener)
            async with serving(listening, api, sockets, PageApi(slack, live, note, shortcuts), live):
                yield slack

    def _ring(self, _change: Change) -> None:
        self._parts.bell.ring()

    def _keep_whisper(self, change: Change) -> None:
        if isinstance(change, Whispered):
            self.context.whispered[change.message.ts] = change.to, change.message

    # Where it is, and who the bot is

    @property
    def url(self) -> str:
        """Where it is served, such as `http://127.0.0.1:1234`."""
        return self._parts.context.url

    @property
    def api_url(self) -> str:
        """What a client takes as its `base_url`."""
        return f"{self.url}/api/"

    @property
    def bot_token(self) -> str:
        """`xoxb-…`."""
        return self._parts.api.tokens.bot

    @property
    def app_token(self) -> str:
        """`xapp-…`, for Socket Mode."""
        return self._parts.api.tokens.app

    @property
    def signing_secret(self) -> str:
        """For the Events API over HTTP."""
        return self._parts.api.tokens.signing_secret

    @property
    def bot(self) -> User:
        """The bot's own user."""
        return self.workspace.bot

    @property
    def team_id(self) -> str:
        """The workspace's id."""
        return self.workspace.team

    # What it allows, and how it behaves: all of it may change at any time

    @property
    def limits(self) -> dict[str, Limit]:
        """The rate limits by method; a method that is not in it has none."""
        return self._parts.api.limits

    @property
    def files(self) -> dict[str, bytes]:
        """What stands in the files that people have dropped, by their paths here."""
        return self._parts.context.files

    @property
    def scopes(self) -> set[str]:
        """The scopes that the bot was granted."""
        return self._parts.context.scopes

    @property
    def subscriptions(self) -> set[str]:
        """The bot events that are delivered, named as in the manifest."""
        return self._parts.publisher.subscriptions

    def set_latency(self, latency: timedelta) -> None:
        """How long a call is under way, there and back."""
        self._parts.api.latency = latency

    def set_stream_life(self, life: timedelta) -> None:
        """How long native streams live, those that run as well."""
        self._parts.context.stream_life = life

    def set_retry(self, delays: Sequence[timedelta], ack_timeout: timedelta = ACK_TIMEOUT) -> None:
        """For the events from now on: how long an acknowledgement may take, and when they come again."""
        self._parts.delivery.retry_delays = delays
        self._parts.delivery.ack_timeout = ack_timeout

    def set_mention_order(self, *, mention_first: bool | None) -> None:
        """Which of a mention's two events leaves first, `app_mention` or `message`; None lets them alternate."""
        self._parts.publisher.mention_first = mention_first

    @property
    def events_url(self) -> str | None:
        """Where events go while no Socket Mode connection is open."""
        return self._parts.delivery.events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self._parts.delivery.events_url = url

    def fail(self, method: str, fault: Fault, times: int = 1, after: int = 0) -> None:
        """Let `after` calls of a method pass, then spoil `times` of them; after the faults given before."""
        self._parts.api.faults.add(method, fault, times, after)

    def heal(self) -> None:
        """Take all faults back that have not happened yet."""
        self._parts.api.faults.clear()

    async def refresh(self) -> None:
        """Ask every Socket Mode connection to be opened anew, as Slack does about once an hour."""
        await self._parts.sockets.refresh()

    async def drop_connections(self) -> None:
        """Cut every Socket Mode connection without a word."""
        self._parts.sockets.drop()

    def freeze_connections(self, number: int = 1) -> None:
        """Make that many Socket Mode connections half-open: they stand, and nothing more comes out of them."""
        self._parts.sockets.freeze(number)

    async def verify_url(self, challenge: str = "are you there") -> bool:
        """Whether `events_url` answers url_verification as Slack demands. Raises aiohttp.ClientError."""
        return await self._parts.delivery.verify_url(self._parts.api.tokens.verification, challenge)

    def sign(self, body: str, *, at: float | None = None) -> dict[str, str]:
        """The headers of a request as Slack signs it; `at` is in seconds of the wall clock, now by default."""
        return signed_headers(self.signing_secret, body, at=at)

    # More people, more channels

    def add_user(self, name: str, real_name: str | None = None, channels: Iterable[Where] = ("general",)) -> User:
        """A new person, a member of those channels from now on."""
        user = self.workspace.add_user(name, real_name or name.capitalize())
        for where in channels:
            self.workspace.join(self.channel(where), user)
        return user

    def add_channel(
        self, name: str, kind: Kind = "channel", members: Iterable[Who] | None = None, *, bot_in: bool = True
    ) -> Channel:
        """A new public channel (`channel`) or private one (`group`), by default with all people and the bot."""
        everybody = [user for user in self.workspace.users.values() if user.bot is None]
        people = everybody if members is None else [self.user(who) for who in members]
        return self.workspace.add_channel(name, kind, [*people, self.bot] if bot_in else people)

    def archive(self, where: Where) -> None:
        """Close a channel for good."""
        self.workspace.archive(self.channel(where))

    # What can be seen

    def messages(self, where: Where, thread: str | None = None) -> list[Shown]:
        """What a channel shows, replies among it, or one thread from its root on; the oldest first."""
        return [shown(self.workspace, message) for message in self._found(where, thread)]

    def replies(self, where: Where, thread: str | None = None) -> list[Shown]:
        """What the bot said in a thread, or without one in the channel itself; the oldest first."""
        said = [message for message in self._found(where, thread) if message.user == self.bot.id]
        return [shown(self.workspace, message) for message in said if message.thread_ts == thread]

    def _found(self, where: Where, thread: str | None) -> list[Message]:
        timeline = self.workspace.timeline(self.channel(where).id)
        return timeline.everything() if thread is None else timeline.thread(thread)

    def whispers(self, to: Who) -> list[Shown]:
        """What that person alone was shown (chat.postEphemeral)."""
        user = self.user(to)
        return [shown_whisper(self.workspace, one) for who, one in self.context.whispered.values() if who == user.id]

    def status(self, where: Where, thread: str) -> str | None:
        """The "is thinking" line under a thread."""
        return self.workspace.status(self.channel(where).id, thread)

    @property
    def calls(self) -> list[Call]:
        """Every Web API call; the oldest first."""
        return self._parts.api.calls.all()

    @property
    def connections(self) -> int:
        """How many Socket Mode connections are open."""
        return len(self._parts.sockets)

    @property
    def unacknowledged(self) -> list[Dispatch]:
        """What the bot was sent, or is to be sent, and did not acknowledge yet."""
        return self._parts.delivery.outstanding

    @property
    def given_up(self) -> list[Dispatch]:
        """What the bot never acknowledged."""
        return list(self._parts.delivery.given_up)

    async def until(self, condition: Callable[[], T], within: timedelta = timedelta(seconds=10)) -> T:
        """Wait until the condition holds and return what it gave.

        It is looked at on every change in the workspace, every call and every delivery, and now and then in between,
        for it may depend on other things as well. Raises AssertionError with a transcript when the time is up.
        """
        deadline = time.monotonic() + within.total_seconds()
        while not (found := condition()):
            left = deadline - time.monotonic()
            if left <= 0:
                told = transcript(self.workspace, self.calls, self.unacknowledged)
                raise AssertionError(f"it did not come to that within {within.total_seconds():g} s\n{told}")
            await self._parts.bell.wait(min(left, _GLANCE_SECONDS))
        return found
