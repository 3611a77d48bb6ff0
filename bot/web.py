"""Pages of the public web, and of nowhere else: what a model asks for must not reach into the bot's own network.

Every connection is made to an address that was looked at, at each redirect anew: the name is resolved here, each of its
addresses has to be a public one, and it is that address which is connected to, so that a second answer of the name
server cannot lead elsewhere. Sizes and times are bounded, whatever the page does.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import httpcore
import httpx
from langchain_core.tools import ToolException

PAGE_BYTES = 2_000_000
"""How much of a page is read, unpacked."""

PAGE_TIMEOUT = timedelta(seconds=20)
REDIRECTS = 5
HTML = frozenset({"text/html", "application/xhtml+xml"})
TEXT = frozenset({"application/json", "application/xml", "application/rss+xml", "application/atom+xml"})
HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; Skein)", "Accept": "text/html, text/plain, */*;q=0.1"}

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that a gateway turns into the IPv4 address in their last 32 bits."""

Allowed = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it came: where it was found in the end, its kind (`text/html`), and its text."""

    url: str
    kind: str
    text: str
    is_cut: bool


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, and so do those that it stands for."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if found in NAT64:
            inner.append(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
        if not all(is_public(str(one)) for one in inner if one is not None):
            return False
        if found.ipv4_mapped or found in NAT64:
            return True
    return found.is_global and not (found.is_multicast or found.is_reserved)


async def fetch(url: str, *, allowed: Allowed = is_public) -> Fetched:
    """Read a page. Raises ToolException, which says in plain words why there is none."""
    try:
        async with asyncio.timeout(PAGE_TIMEOUT.total_seconds()), _client(allowed) as client:
            for _ in range(REDIRECTS + 1):
                async with client.stream("GET", _checked(url)) as response:
                    if response.has_redirect_location:
                        url = str(response.url.join(response.headers["Location"]))
                        continue
                    return await _read(response)
        raise ToolException("The page leads from one address to another without an end.")
    except TimeoutError as error:
        raise ToolException("The page took too long.") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpcore.NetworkError, OSError, UnicodeError) as error:
        raise ToolException(f"The page cannot be reached ({type(error).__name__}).") from error


def _checked(url: str) -> httpx.URL:
    found = httpx.URL(url)
    if found.scheme not in {"http", "https"} or not found.host:
        raise ToolException("Only addresses that begin with http:// or https:// can be read.")
    if found.userinfo:
        raise ToolException("Addresses with a user's name in them are not read.")
    return found


async def _read(response: httpx.Response) -> Fetched:
    if response.is_error:
        raise ToolException(f"The page answers {response.status_code} {response.reason_phrase}.")
    kind = response.headers.get("Content-Type", "text/html").partition(";")[0].strip().lower()
    if kind not in HTML | TEXT and not kind.startswith("text/"):
        raise ToolException(f"That is no page to read but {kind}.")
    content = bytearray()
    async for piece in response.aiter_bytes(1 << 16):
        content += piece
        if len(content) > PAGE_BYTES:
            break
    encoding = response.charset_encoding or "utf-8"
    with suppress(LookupError):
        "".encode(encoding)
        return Fetched(str(response.url), kind, _decoded(content, encoding), len(content) > PAGE_BYTES)
    return Fetched(str(response.url), kind, _decoded(content, "utf-8"), len(content) > PAGE_BYTES)


def _decoded(content: bytearray, encoding: str) -> str:
    return bytes(content[:PAGE_BYTES]).decode(encoding, errors="replace")


def _client(allowed: Allowed) -> httpx.AsyncClient:
    # Without trust_env=False a proxy in the environment would be asked, which may reach what the bot must not.
    timeout = httpx.Timeout(PAGE_TIMEOUT.total_seconds())
    return httpx.AsyncClient(transport=_Transport(allowed), trust_env=False, headers=HEADERS, timeout=timeout)


class _Transport(httpx.AsyncBaseTransport):
    """httpx on connections that go where they may."""

    def __init__(self, allowed: Allowed) -> None:
        self._pool = httpcore.AsyncConnectionPool(network_backend=_Backend(allowed))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=None, extensions=request.extensions
        )
        answer = await self._pool.handle_async_request(asked)
        extensions = dict(cast("Any", answer.extensions))
        return httpx.Response(answer.status, headers=answer.headers, stream=_Stream(answer), extensions=extensions)

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Stream(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._answer.aiter_stream():
            yield piece

    async def aclose(self) -> None:
        await self._answer.aclose()


class _Backend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that are allowed, and to the very address that was looked at."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        # httpcore leaves its types open here.
        self._inner: Any = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(place[4][0]) for place in found))
        if not addresses or not all(map(self._allowed, addresses)):
            raise ToolException("That address is not on the public web, so it is not read.")
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.NetworkError as error:
                failure = error
        raise cast("Exception", failure)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's)
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del path, timeout, socket_options
        raise ToolException("That address is not on the public web, so it is not read.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)
