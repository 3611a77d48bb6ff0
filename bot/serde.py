"""How a conversation's memory is written into the database and read back: strictly.

The bytes of a checkpoint name Python types. By default LangGraph imports and calls whatever they name
(CVE-2026-28277), so that who can write to the database can run code in the bot. Here only LangGraph's own list of
safe types is read back: messages, sends, dates, ids. A graph whose state holds a type of its own has to name it.
"""

from collections.abc import Iterable

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer


def serializer(own_types: Iterable[type] = ()) -> JsonPlusSerializer:
    """The serializer for every checkpointer of the bot, whatever `LANGGRAPH_STRICT_MSGPACK` says.

    A type that is neither safe nor among `own_types` is not built: its plain values come back in its place, and
    LangGraph logs the type's name once. Pickle is never read.
    """
    # None and an empty list both mean "the safe types only"; leaving the argument out would ask the environment.
    return JsonPlusSerializer(
        pickle_fallback=False,
        allowed_msgpack_modules=tuple(own_types) or None,
        allowed_json_modules=None,
    )
