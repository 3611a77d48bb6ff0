"""The files around the code say what the code does."""

import ast
import gc
import inspect
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings
from bot.slack.asking import ASK, COMMAND, SUMMARISE
from bot.slack.local.context import AGENT
from bot.slack.local.seed import PLAIN_SHORTCUTS
from bot.slack.recalling import DELETE
from bot.slack.setup_form import SETUP

ROOT = Path(__file__).parent.parent

EVENT_SCOPES = {
    "app_home_opened": None,
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}
"""What a bot token needs to be told of an event; Slack's reference has a page for each."""

OF_AGENTS = frozenset({"agent_session_stopped", "app_context_changed"})
"""What only an agent is told of. The second is not listened for: with it, messages bring what somebody looks at."""

HISTORY = frozenset({"channels:history", "groups:history", "im:history", "mpim:history"})
"""What reading messages needs, a scope for each kind of channel."""

METHOD_SCOPES = {
    "apps_connections_open": frozenset[str](),  # the app-level token's connections:write, no bot scope
    "auth_test": frozenset[str](),
    "conversations_open": frozenset({"im:write"}),
    "conversations_info": frozenset({"channels:read", "groups:read"}),  # not asked about direct messages
    "chat_delete": frozenset({"chat:write"}),
    "chat_getPermalink": frozenset[str](),
    "chat_postEphemeral": frozenset({"chat:write"}),
    "chat_postMessage": frozenset({"chat:write"}),
    "chat_update": frozenset({"chat:write"}),
    "chat_startStream": frozenset({"chat:write"}),
    "chat_appendStream": frozenset({"chat:write"}),
    "chat_stopStream": frozenset({"chat:write"}),
    "conversations_history": HISTORY,
    "conversations_replies": HISTORY,
    "files_completeUploadExternal": frozenset({"files:write"}),
    "files_getUploadURLExternal": frozenset({"files:write"}),
    "reactions_add": frozenset({"reactions:write"}),
    "reactions_remove": frozenset({"reactions:write"}),
    "users_info": frozenset({"users:read"}),
    "views_open": frozenset[str](),
    "views_publish": frozenset[str](),
    "agents_sessions_setStatus": frozenset({"chat:write"}),
    "assistant_threads_setSuggestedPrompts": frozenset[str](),  # called only by an agent
    "users_conversations": frozenset({"channels:read", "groups:read"}),
    "users_list": frozenset({"users:read"}),
}
"""What a bot token needs for a method, which stands here by the name of slack_sdk's function."""

NO_METHODS = frozenset({"files:read", "commands"})
"""What it takes to fetch a file, and to have a shortcut."""

METHODS = {name for name, _ in inspect.getmembers(AsyncWebClient, inspect.iscoroutinefunction) if name[0] != "_"}

SETTING = re.compile(r"^(?P<optional># )?(?P<name>[A-Z][A-Z_]*)=(?P<value>.*)$")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def manifest(name: str = "manifest.yml") -> dict[str, Any]:
    return yaml.safe_load(read(name))


def compose() -> dict[str, Any]:
    return yaml.safe_load(read("compose.yml"))


@cache
def syntax() -> Sequence[ast.AST]:
    """The calls and attributes in the bot's code, but for the local Slack's, which is the other side."""
    nodes: list[ast.AST] = []
    for path in sorted((ROOT / "bot").rglob("*.py")):
        if not path.is_relative_to(ROOT / "bot" / "slack" / "local"):
            # Python 3.11 loses count of its depth when the collector runs in the middle of this.
            gc.disable()
            try:
                tree = ast.parse(path.read_text("utf-8"))
            finally:
                gc.enable()
            nodes += (node for node in ast.walk(tree) if isinstance(node, ast.Call | ast.Attribute))
    return nodes


def used_methods() -> set[str]:
    """The Web API's methods that the code names, called on the spot or handed on to be called."""
    return {node.attr for node in syntax() if isinstance(node, ast.Attribute) and node.attr in METHODS}


def heard_events() -> set[str]:
    """The kinds of events that a listener is registered for by name: `app.event("message", ...)`."""
    calls = (node for node in syntax() if isinstance(node, ast.Call) and node.args)
    first = (node.args[0] for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr == "event")
    return {kind.value for kind in first if isinstance(kind, ast.Constant) and isinstance(kind.value, str)}


def example_settings() -> list[re.Match[str]]:
    return [match for line in read(".env.example").splitlines() if (match := SETTING.match(line))]


def project_files() -> Iterator[Path]:
    """What git has or would add: read off .gitignore, for a tree that was unpacked has no git to ask."""
    ignored = [".git", *(line.rstrip("/") for line in read(".gitignore").split())]
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not any(fnmatch(name, pattern) for pattern in ignored)]
        yield from (Path(folder, name) for name in files if not any(fnmatch(name, pattern) for pattern in ignored))


def test_the_example_names_every_setting_once_and_no_other() -> None:
    assert sorted(match["name"] for match in example_settings()) == sorted(map(str.upper, Settings.model_fields))


def test_the_example_gives_the_defaults() -> None:
    given = {match["name"]: match["value"] for match in example_settings() if match["value"]}
    fields = {name.upper(): field for name, field in Settings.model_fields.items()}
    assert given == {name: str(fields[name].default) for name in given}
    assert {"MODEL", "SLACK_API_URL", "BIND_ADDRESS", "PORT", "CONCURRENCY", "LOG_LEVEL"} <= given.keys()


def test_each_setting_of_the_example_is_explained() -> None:
    lines = read(".env.example").splitlines()
    for line, above in zip(lines[1:], lines, strict=False):
        if SETTING.match(line):
            assert above.startswith("# "), line
            assert not SETTING.match(above), line


def test_every_method_in_use_has_its_scopes_written_down_here() -> None:
    used = used_methods()
    assert used <= METHOD_SCOPES.keys()
    # A method that is named in a string is not to be found here.
    assert "api_call" not in used


def test_the_manifest_subscribes_to_the_events_that_are_listened_for() -> None:
    kinds = {event: event.partition(".")[0] for event in EVENT_SCOPES}
    heard = heard_events() - OF_AGENTS
    assert heard <= set(kinds.values())
    subscribed = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert sorted(subscribed) == sorted(event for event, kind in kinds.items() if kind in heard)


def test_the_manifest_asks_for_the_scopes_that_are_needed_and_no_other() -> None:
    subscribed = manifest()["settings"]["event_subscriptions"]["bot_events"]
    needed = {scope for event in subscribed if (scope := EVENT_SCOPES[event])} | NO_METHODS
    needed = needed.union(*(METHOD_SCOPES[name] for name in used_methods()))
    assert sorted(manifest()["oauth_config"]["scopes"]["bot"]) == sorted(needed)


def test_the_manifest_has_the_shortcuts_that_are_listened_for() -> None:
    shortcuts = manifest()["features"]["shortcuts"]
    assert {shortcut["callback_id"]: shortcut["name"] for shortcut in shortcuts} == dict(PLAIN_SHORTCUTS)
    assert {ASK, SUMMARISE, SETUP, DELETE} == PLAIN_SHORTCUTS.keys()
    assert [one["command"] for one in manifest()["features"]["slash_commands"]] == [COMMAND]
    for shortcut in shortcuts:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150


def test_the_agents_manifest_is_the_plain_one_and_what_makes_an_agent() -> None:
    plain, agent = manifest(), manifest("manifest.agent.yml")
    assert len(agent["features"].pop("agent_view")["suggested_prompts"]) <= 4
    agent["oauth_config"]["scopes"]["bot"].remove(AGENT)
    events = agent["settings"]["event_subscriptions"]["bot_events"]
    agent["settings"]["event_subscriptions"]["bot_events"] = [event for event in events if event not in OF_AGENTS]
    assert set(events) >= OF_AGENTS
    assert agent == plain


def test_the_manifest_lets_people_write_to_the_bot() -> None:
    home = manifest()["features"]["app_home"]
    assert home["messages_tab_enabled"]
    assert not home["messages_tab_read_only_enabled"]


def test_the_manifest_keeps_to_slacks_lengths() -> None:
    shown = manifest()["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert len(manifest()["features"]["bot_user"]["display_name"]) <= 80


def test_the_licence_is_apache_2() -> None:
    text = read("LICENSE")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "Copyright 2026 The Skein authors" in text
    assert 'license = "Apache-2.0"' in read("pyproject.toml")


def test_make_lists_every_target() -> None:
    targets = re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE)
    make = subprocess.run(["make", "--directory", ROOT], capture_output=True, text=True, check=True)  # noqa: S603, S607 (no shell)
    assert re.findall(r"^ +make ([\w-]+) +\S", make.stdout, re.MULTILINE) == targets
    phony = re.findall(r"^\.PHONY: (.*)$", read("Makefile"), re.MULTILINE)
    assert phony[0].split() == targets


def test_the_image_is_built_by_the_uv_that_make_installs() -> None:
    installed = re.findall(r'^UV_VERSION = "(.+)"$', read(".ci/bootstrap.py"), re.MULTILINE)
    assert installed == re.findall(r"\buv==(\S+)", read("Dockerfile"))


def test_the_database_is_published_nowhere_and_the_bot_on_loopback() -> None:
    services = compose()["services"]
    assert "ports" not in services["postgres"]
    assert [port.rpartition(":")[0] for port in services["bot"]["ports"]] == ["127.0.0.1:3000"]


def test_compose_sets_only_settings_of_the_bot() -> None:
    assert compose()["services"]["bot"]["environment"].keys() <= set(map(str.upper, Settings.model_fields))


@pytest.mark.parametrize("name", ["work", "root"])
def test_no_file_names_a_folder_of_one_machine(name: str) -> None:
    pattern = re.compile(rf"(?<![\w.~-])/{name}/".encode())
    assert [str(path.relative_to(ROOT)) for path in project_files() if pattern.search(path.read_bytes())] == []
