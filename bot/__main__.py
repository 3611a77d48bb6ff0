"""The commands: `python -m bot`, also installed as `bot`."""

import argparse
import gc
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import dotenv
import uvloop

from bot import log, settings
from bot.errors import PlatformError, SettingsError, SkeinError

WRONG_USE = 2
"""The exit code for a setting that is missing or wrong, as argparse's own for arguments."""
FAILED = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0 done, 1 failed, 2 a setting or argument is wrong."""
    chosen = _parser().parse_args(arguments)
    dotenv.load_dotenv(dotenv.find_dotenv(usecwd=True))
    try:
        return chosen.run(chosen)
    except SettingsError as error:
        return _complain(str(error), WRONG_USE)
    except PlatformError as error:
        return _complain(f"Slack refuses: {error.code}. `bot check` tells which setting is wrong.", WRONG_USE)
    except SkeinError as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED


# Each command imports what it needs when it runs: langgraph alone takes a second, which `--help` need not wait for.


@contextmanager
def _importing() -> Generator[None, None, None]:
    """What is imported stays: looking for garbage in it would take a sixth of the time, and later long pauses.

    A token leaves some hundred objects, nearly all without a cycle: to look after each 700, as Python does unless told
    otherwise, takes a twentieth of the time of a bot that answers.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 20)
        gc.enable()


def _serve(_: argparse.Namespace) -> int:
    chosen = _load()
    settings.require(settings.missing_for_slack(chosen))
    with _importing():
        from bot.app import serve

    uvloop.run(serve(chosen))
    return 0


def _play(options: argparse.Namespace) -> int:
    with _importing():
        from bot.play import play

    uvloop.run(play(_load(), port=options.port))
    return 0


def _chat(options: argparse.Namespace) -> int:
    with _importing():
        from bot.terminal import chat

    uvloop.run(
        chat(
            _load(),
            options.conversation,
            database=options.database,
            checkpoint=options.checkpoint,
            trace=options.trace,
        )
    )
    return 0


def _history(options: argparse.Namespace) -> int:
    from bot.terminal import history

    uvloop.run(history(_load(), options.conversation, database=options.database))
    return 0


def _check(_: argparse.Namespace) -> int:
    from bot.check import check

    return 0 if uvloop.run(check(_load())) else FAILED


def _inbox(options: argparse.Namespace) -> int:
    from bot import set_aside

    match options.what:
        case "show":
            uvloop.run(set_aside.show(_load(), options.message))
        case "retry":
            uvloop.run(set_aside.retry(_load(), options.message))
        case _:
            uvloop.run(set_aside.list_messages(_load()))
    return 0


def _feedback(options: argparse.Namespace) -> int:
    from bot.feedback import feedback

    uvloop.run(feedback(_load(), timedelta(days=options.days), options.format))
    return 0


def _load() -> settings.Settings:
    chosen = settings.load()
    log.configure(chosen.log_level)
    return chosen


def _complain(text: str, code: int) -> int:
    print(text, file=sys.stderr)  # noqa: T201
    return code


def _parser() -> argparse.ArgumentParser:
    what = "Skein: people talk to it in Slack, and it thinks with LangGraph."
    parser = argparse.ArgumentParser(prog="bot", description=what)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], what: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=what, description=what)
        added.set_defaults(run=run)
        return added

    command("serve", _serve, "Run the bot in Slack.")
    play = command("play", _play, "Open a Slack on this machine with the bot in it, to try it without a workspace.")
    play.add_argument("--port", type=int, default=8300, help="where the page is served; 0 takes any free port")
    _add_chat_options(command("chat", _chat, "Talk to the same agent, with the same memory, in the terminal."))
    history = command("history", _history, "List the checkpoints of a conversation, the newest first.")
    history.add_argument("conversation", metavar="NAME", help="its name, or workspace/channel/thread of one in Slack")
    _add_database_option(history)
    _add_inbox_commands(command("inbox", _inbox, "Look after messages that were set aside: the bot crashed on them."))
    told = command("feedback", _feedback, "Print what people think of answers, or export it.")
    told.add_argument("--days", type=int, default=30, help="how far back; 30 unless told otherwise")
    told.add_argument(
        "--format", choices=("lines", "csv", "json"), default="lines", help="for people, or for a program"
    )
    command("check", _check, "See whether everything is there that the bot needs, and what to do about what is not.")
    return parser


def _add_chat_options(chat: argparse.ArgumentParser) -> None:
    chat.add_argument("--conversation", metavar="NAME", default="default", help="which conversation to go on with")
    chat.add_argument("--trace", action="store_true", help="print what each node of the graph does, as it does it")
    chat.add_argument("--from", dest="checkpoint", metavar="CHECKPOINT", help="go back to this checkpoint first")
    _add_database_option(chat)


def _add_inbox_commands(inbox: argparse.ArgumentParser) -> None:
    what = inbox.add_subparsers(dest="what", required=True, metavar="list | show ID | retry ID")
    what.add_parser("list", help="which messages are set aside, the oldest first")
    for name, told in (("show", "what is known of one, with its words"), ("retry", "let one be answered after all")):
        what.add_parser(name, help=told).add_argument("message", type=int, metavar="ID", help="as `list` tells it")


def _add_database_option(command: argparse.ArgumentParser) -> None:
    where = "postgresql://…, sqlite:///FILE or sqlite:///:memory: instead of DATABASE_URL"
    command.add_argument("--database", metavar="URL", help=where)


if __name__ == "__main__":
    sys.exit(main())
