"""Pages of the web: what is read of them, and what is never reached."""

import asyncio
import gzip
import ipaddress
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web
from hypothesis import given, strategies as st
from langchain_core.tools import ToolException

from bot.pages import read_page
from bot.web import PAGE_BYTES, is_public

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ARTICLE = f"""<html><head><title>Fog - Weather</title><script>alert(1)</script></head><body>
<nav><a href="/">Home</a></nav>
<article><h1>Fog</h1><p>There is fog until noon. {"It is thick, and it is grey. " * 20}</p>
<p>Then the sun comes.</p></article><footer>Imprint</footer></body></html>"""


@asynccontextmanager
async def site(handler: Handler) -> AsyncGenerator[str, None]:
    """A site on this machine, whose address is yielded."""
    app = web.Application()
    app.router.add_get("/{tail:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    try:
        at = web.TCPSite(runner, "127.0.0.1", 0)
        await at.start()
        yield f"http://localhost:{at.port}"
    finally:
        await runner.cleanup()


async def read(url: str, *, home: bool = True) -> str:
    """Read it, this machine being a part of the web if it is at `home` there."""
    return await read_page(lambda address: home or is_public(address)).ainvoke({"url": url})


async def test_of_a_page_the_article_is_read() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=ARTICLE if request.path == "/fog" else "", content_type="text/html")

    async with site(answer) as url:
        title, address, _, *lines = (await read(f"{url}/fog")).splitlines()
    assert (title, address) == ("Fog - Weather", f"{url}/fog")
    assert any(line.startswith("There is fog until noon.") for line in lines)
    assert "Then the sun comes." in lines
    assert not {"alert(1)", "Imprint", "Home"} & set(lines)


async def test_text_is_read_as_it_is_in_its_own_letters() -> None:
    async def answer(request: web.Request) -> web.Response:
        del request
        return web.Response(body="Grüße".encode("latin-1"), headers={"Content-Type": "text/plain; charset=latin-1"})

    async with site(answer) as url:
        assert (await read(url)).endswith("Grüße")


async def test_redirects_are_followed_to_their_end_and_not_for_ever() -> None:
    async def answer(request: web.Request) -> web.Response:
        count = int(request.path.strip("/"))
        if count:
            raise web.HTTPFound(f"/{count - 1}")
        return web.Response(text="There.", content_type="text/plain")

    async with site(answer) as url:
        assert (await read(f"{url}/5")).endswith("There.")
        with pytest.raises(ToolException, match="without an end"):
            await read(f"{url}/6")


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://10.0.0.1/", "file:///etc/passwd", "ftp://x/"],
)
async def test_a_redirect_leads_nowhere_where_the_bot_must_not_go(target: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        del request
        raise web.HTTPFound(target)

    async with site(answer) as url:
        with pytest.raises(ToolException, match=r"not on the public web|Only addresses"):
            await read_page(lambda address: address == "127.0.0.1" or is_public(address)).ainvoke({"url": url})


async def test_a_name_of_this_machine_is_refused_before_anything_is_asked() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="secret")

    async with site(answer) as url:
        for address in (url, url.replace("localhost", "127.0.0.1"), url.replace("localhost", "[::ffff:127.0.0.1]")):
            with pytest.raises(ToolException, match="not on the public web"):
                await read(address, home=False)
    assert asked == []


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://", "http://a:b@example.com/", "not an address", "http://x\\y"]
)
async def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(ToolException, match=r"Only addresses|user's name|cannot be reached|public web"):
        await read(url, home=False)


async def test_a_page_that_never_ends_is_read_in_part() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while True:
            await response.write(b"word " * 10_000)

    async with site(answer) as url:
        text = await read(url)
    assert text.endswith("[the rest of the page is left out]")
    assert len(text) < PAGE_BYTES + 1_000


async def test_a_page_that_is_small_only_while_it_is_packed_is_read_in_part() -> None:
    async def answer(request: web.Request) -> web.Response:
        del request
        packed = gzip.compress(b"word " * 4_000_000)
        return web.Response(body=packed, headers={"Content-Type": "text/plain", "Content-Encoding": "gzip"})

    async with site(answer) as url:
        assert len(await read(url)) < PAGE_BYTES + 1_000


async def test_a_page_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response(text=request.path)

    monkeypatch.setattr("bot.web.PAGE_TIMEOUT", timedelta(milliseconds=50))
    async with site(answer) as url:
        with pytest.raises(ToolException, match=r"too long|cannot be reached"):
            await read(url)


@pytest.mark.parametrize(("kind", "said"), [("image/png", "no page to read but image/png"), ("text/html", "no text")])
async def test_what_cannot_be_read_is_said(kind: str, said: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        del request
        return web.Response(body=b"", content_type=kind)

    async with site(answer) as url:
        with pytest.raises(ToolException, match=said):
            await read(url)


async def test_a_page_that_is_not_there_is_said() -> None:
    async def answer(request: web.Request) -> web.Response:
        del request
        raise web.HTTPNotFound

    async with site(answer) as url:
        with pytest.raises(ToolException, match="answers 404"):
            await read(url)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
        *(
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fe80::1%eth0",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
        ),
        *("::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "2002:a00:1::", "::ffff:169.254.169.254"),
    ],
)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_no_private_address_is_public_in_any_disguise(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if not address.is_global:
        assert not is_public(str(address))
    if isinstance(address, ipaddress.IPv4Address):
        assert is_public(f"::ffff:{address}") is is_public(str(address))
        assert is_public(f"64:ff9b::{address}") is is_public(str(address))
