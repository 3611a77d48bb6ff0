"""The commands: `python -m bot`, also installed as `bot`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

import dotenv

from bot import log, settings
from bot.errors import DatabaseError, PlatformError, SettingsError, SkeinError

WRONG_USE = 2
"""The exit code for a setting that is missing or wrong, as argparse's own for arguments."""
FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code: 0 done, 1 failed, 2 a setting or argument is wrong."""
    chosen = _parser().parse_args(arguments)
    dotenv.load_dotenv(dotenv.find_dotenv(usecwd=True))
    try:
        return chosen.run(chosen)
    except SettingsError as error:
        return _complain(str(error), WRONG_USE)
    except (DatabaseError, SkeinError) as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        return 130


def _serve(_: argparse.Namespace) -> int:
    # Imported in the command: what one command needs, another need not load (langgraph alone takes a second).
    from bot.app import serve

    chosen = settings.load()
    settings.require(settings.missing_for_slack(chosen))
    log.configure(chosen.log_level)
    asyncio.run(serve(chosen))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bot", description="Skein: people talk to it in Slack, it thinks with LangGraph.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _command(commands, "serve", _serve, "the bot in Slack")
    return parser
