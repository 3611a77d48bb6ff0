"""How a text is paged, in one go and as it is written."""

from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt

from bot.markdown import PAGE_BYTES, Pages


def paged(text: str, limit: int = PAGE_BYTES) -> tuple[str, ...]:
    pages = Pages(limit)
    pages.push(text)
    return pages.finish()


def shown(text: str, limit: int = PAGE_BYTES) -> tuple[str, ...]:
    pages = Pages(limit)
    pages.push(text)
    return pages.render()


def written(tokens: Iterable[str], limit: int) -> Iterator[tuple[str, ...]]:
    """What is shown after each token, and in the end."""
    pages = Pages(limit)
    for token in tokens:
        pages.push(token)
        yield pages.render()
    yield pages.finish()


def size(text: str) -> int:
    return len(text.encode())


def code_in(text: str) -> str:
    return "".join(token.content for token in MarkdownIt().parse(text) if token.type in {"fence", "code_block"})
