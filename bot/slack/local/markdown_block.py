"""The `markdown` block as HTML: CommonMark with tables and struck text, no raw HTML, nothing loaded from outside.

Slack reads its control syntax in such a block as in any other text, in code and behind a backslash as well for all
that is known. So it is shown here wherever it stands raw: a model's `<!channel>` that nobody defused is to be seen.
"""
# ruff: noqa: ARG002  # a rule takes what markdown-it calls it with, needed or not

import re
from collections.abc import Mapping, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from bot.slack.local.mrkdwn import LINK_ATTRIBUTES, control_html, is_safe, plain_html

_CONTROL = re.compile(r"\\?<([@#!][^<>\n]+)>")


def markdown_html(text: str, names: Mapping[str, str]) -> str:
    """A whole Markdown text. A line break within a paragraph is a line break."""
    parser = _Parser("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
    parser.enable(["table", "strikethrough"])
    parser.inline.ruler.before("escape", "control", _control_rule)
    return str(parser.render(text, {"names": names}))


def image_html(alt: str) -> str:
    """A picture's description in its place."""
    return f'<span class="picture">{escape(alt or "picture")}</span>'


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802  # markdown-it's name
        return is_safe(url)


def _control_rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  # markdown-it's signature
    match = _CONTROL.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("control", "", 0).content = match[1]
    state.pos = match.end()
    return True


class _Renderer(RendererHTML):
    """A method for each kind of token that is shown otherwise than markdown-it would; its base finds them by name."""

    def control(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return control_html(tokens[idx].content, env["names"])

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        content = tokens[idx].content
        return plain_html(content, links="://" in content and not _in_link(tokens, idx))

    def code_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<code>{_code(tokens[idx].content, env['names'])}</code>"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<pre><code>{_code(tokens[idx].content, env['names'])}</code></pre>"

    code_block = fence

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return image_html(tokens[idx].content)

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<a href="{escape(str(tokens[idx].attrGet("href")))}" {LINK_ATTRIBUTES}>'

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A cell's alignment as a class."""
        style = str(tokens[idx].attrGet("style") or "text-align:left")
        return f'<{tokens[idx].tag} class="{style.removeprefix("text-align:")}">'

    td_open = th_open


def _in_link(tokens: Sequence[Token], idx: int) -> bool:
    kinds = [token.type for token in tokens[:idx]]
    return kinds.count("link_open") > kinds.count("link_close")


def _code(text: str, names: Mapping[str, str]) -> str:
    html: list[str] = []
    end = 0
    for match in _CONTROL.finditer(text):
        html += escape(text[end : match.start()]), control_html(match[1], names)
        end = match.end()
    return "".join([*html, escape(text[end:])])
