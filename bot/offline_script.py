"""What the scripted model says when no model key is set: enough to show what the bot does, and never in disguise.

It searches for the weather, remembers what was found in this conversation and in no other, writes a long answer, and
says in each answer that it is scripted. The same question in the same conversation has the same answer.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta

from langchain_core.tools import BaseTool, StructuredTool

from bot.long_answer import LONG_ANSWER
from bot.script import Call, Reply, Say, Script, Wire

NOTICE = "_I am a scripted stand-in: no model key is set._"
READING_PACE = 40.0
"""Tokens a second that can be read along."""

WEATHER = {
    "San Francisco": (14, "fog in the morning, then sun"),
    "Los Angeles": (24, "clear sky"),
    "New York": (9, "light rain"),
    "London": (8, "overcast"),
    "Berlin": (5, "cloudy"),
    "Tokyo": (16, "sunny"),
}
"""Made up: the temperature in °C and the sky of the cities that the offline search knows."""

NICKNAMES = {"sf": "San Francisco", "la": "Los Angeles", "nyc": "New York"}

ASKED_FOR_WEATHER = re.compile(r"\bweather\b.*?\bin (?P<places>[a-z .,'-]+)", re.IGNORECASE)
ASKED_FURTHER = re.compile(r"^(?:and|what about|how about)(?: in)? (?P<places>[a-z .,'-]+)", re.IGNORECASE)
ASKED_TO_COMPARE = re.compile(r"\b(?P<which>warmer|warmest|hotter|colder|coldest|cooler)\b", re.IGNORECASE)
ASKED_FOR_LENGTH = re.compile(r"\blong answer\b", re.IGNORECASE)
BETWEEN_PLACES = re.compile(r"\s*(?:,|\band\b)\s*(?:in\s+)?", re.IGNORECASE)
AFTER_PLACES = re.compile(r"\s+(?:like|today|now|right now|tomorrow|please)\b.*$", re.IGNORECASE)
FOUND = re.compile(r"^(?P<city>[A-Z][A-Za-z ]+): (?P<celsius>-?\d+) °C", re.MULTILINE)
AUTHOR = re.compile(r"^\w+: ")
"""In a conversation of several people each message opens with its author."""


def offline_script(*, tokens_a_second: float | None = READING_PACE) -> Script:
    """The script; `tokens_a_second` paces its answers, None sends them as fast as it goes."""

    def reply(messages: list[Wire]) -> Reply:
        question = AUTHOR.sub("", _last_question(messages))
        if messages[-1]["role"] == "tool":
            return say(_report(messages))
        if places := _places_asked_for(question, messages):
            searches = [("web_search", {"query": f"weather in {place}"}) for place in places]
            return Call(searches, "Let me look that up.", tokens_a_second)
        if compared := ASKED_TO_COMPARE.search(question):
            return say(_comparison(_weather_known(messages), compared["which"].lower()))
        return say(LONG_ANSWER if ASKED_FOR_LENGTH.search(question) else _echo(question))

    def say(text: str) -> Say:
        return Say(f"{text}\n\n{NOTICE}", tokens_a_second)

    return reply


def offline_tools(*, pause: timedelta = timedelta(0)) -> list[BaseTool]:
    """A `web_search` that needs no network and makes its weather up, which it says; each call takes `pause`."""

    async def search(query: str) -> str:
        await asyncio.sleep(pause.total_seconds())
        city = _city(query.rpartition(" in ")[2])
        if city not in WEATHER:
            return f"Nothing was found for {query!r}: the offline search knows the weather in {', '.join(WEATHER)}."
        celsius, sky = WEATHER[city]
        return f"{city}: {celsius} °C, {sky}. (Made up by the offline search.)"

    purpose = "Search the web (offline: made-up weather only)."
    return [StructuredTool.from_function(coroutine=search, name="web_search", description=purpose)]


def _last_question(messages: Sequence[Wire]) -> str:
    return next((str(message["content"]) for message in reversed(messages) if message["role"] == "user"), "")


def _places_asked_for(question: str, messages: Sequence[Wire]) -> list[str]:
    """The places whose weather is wanted; "And in LA?" is about the weather only where it was talked of before."""
    asked = ASKED_FOR_WEATHER.search(question)
    if not asked and _weather_known(messages):
        asked = ASKED_FURTHER.search(question)
    if not asked:
        return []
    places = BETWEEN_PLACES.split(AFTER_PLACES.sub("", asked["places"]))
    return [place.strip(" .") for place in places if place.strip(" .")]


def _city(text: str) -> str:
    name = text.strip(" .?!'\"")
    return NICKNAMES.get(name.lower(), name.title())


def _weather_known(messages: Sequence[Wire]) -> dict[str, int]:
    """What this conversation's searches found, °C by city, the latest last."""
    known: dict[str, int] = {}
    for message in messages:
        if message["role"] == "tool":
            for found in FOUND.finditer(str(message["content"])):
                known.pop(found["city"], None)
                known[found["city"]] = int(found["celsius"])
    return known


def _report(messages: Sequence[Wire]) -> str:
    """What the last search found, in a sentence; several results when several searches ran."""
    results: list[str] = []
    for message in reversed(messages):
        if message["role"] != "tool":
            break
        results.insert(0, str(message["content"]))
    return "\n".join(f"I searched. {result}" for result in results)


def _comparison(known: dict[str, int], which: str) -> str:
    """Which of the last two cities it is; "warmest" and "coldest" are about all of them."""
    if len(known) < 2:  # noqa: PLR2004  # it takes two to compare
        return "I do not know: I have not looked up the weather of two cities in this conversation."
    compared = list(known.items())[0 if which.endswith("est") else -2 :]
    compared.sort(key=lambda city: city[1], reverse=which.startswith(("warm", "hot")))
    (first, celsius), (second, other) = compared[:2]
    return f"**{first}** is {which}: {celsius} °C, against {other} °C in {second}."


def _echo(question: str) -> str:
    return (
        f"You said: “{' '.join(question.split())}”. This is what I can show:\n\n"
        "- *What is the weather in SF?* I search.\n"
        "- *And in LA?*, then *Which one is warmer?* I remember.\n"
        "- *Show me a long answer.* I write more than one message holds."
    )
