"""The scripted model's long answer: longer than one message holds, with whatever a page may be cut in."""

from textwrap import dedent

OPENING = (
    "# How a message becomes an answer\n\n"
    "You asked for a long answer, so here is one. It does not fit into one message of Slack's, so it goes on in a "
    "second one; it has headings, a list, a table and a program, because those are what a cut can spoil.\n\n"
    "## The way of a message\n\n"
    "1. Somebody mentions the bot, goes on in one of its threads, or writes to it privately.\n"
    "2. The event is stored before Slack is told that it arrived. If the bot dies now, nothing is lost.\n"
    "3. One worker takes the conversation. Others may run beside it, but no two in the same conversation.\n"
    "4. The agent thinks: it asks the model, runs the tools that the model calls for, and asks it again.\n"
    "5. The words are shown while they come, by edits of one message, as often as Slack allows for all conversations "
    "together. An edit that the next one overtakes is dropped; the last one never is.\n\n"
    "> What is on the screen may be a moment old. What is on the screen in the end is the whole answer.\n\n"
    "## What is kept where\n\n"
    "| What | Where | How long |\n"
    "|---|---|---|\n"
    "| What people said and what was answered | the checkpoints, by conversation | until it is forgotten |\n"
    "| What still has to be answered | the inbox, a table | until it is answered |\n"
    "| What the tools found | the conversation it was looked up in | as long as the conversation |\n"
    "| Passwords and keys | the environment | never in the database, never in the log |\n\n"
    "## A program\n\n"
    "A cut in the middle of a program closes its fence on the first page and opens it again on the next, so that both "
    "look right. The one below is long enough to be cut:\n\n"
    "```python\n"
)

SORTS = {
    "bubble": "swaps neighbours that stand the wrong way round, again and again, until nothing moves",
    "insertion": "takes one item after another and puts it where it belongs among those before it",
    "selection": "looks for the smallest of what is left, and puts it at the end of what is sorted",
    "merge": "sorts both halves by itself and goes through them side by side, the smaller head first",
    "heap": "keeps the largest item on top of a heap, takes it off, and mends the heap",
    "quick": "parts the items at one of them, the smaller to the left, and sorts both sides by itself",
    "counting": "counts how often each number comes up, and writes each as often as it was counted",
    "radix": "sorts by the last digit, then by the one before it, and so on, each time keeping the order",
}

LISTING = "\n\n".join(
    dedent(f"""\
        def {name}_sort(items: list[int]) -> list[int]:
            \"\"\"{name.capitalize()} sort {how}.\"\"\"
            result = sorted(items)  # a scripted stand-in, as I am
            assert all(left <= right for left, right in zip(result, result[1:]))
            assert len(result) == len(items), "nothing is lost and nothing is added"
            return result
    """)
    for name, how in SORTS.items()
)

CLOSING = """\
```

## The end

That was the long answer. Its last words are these, and they are the ones that must never be missing."""

LONG_ANSWER = f"{OPENING}{LISTING}{CLOSING}"
"""About 5,000 characters of Markdown."""
