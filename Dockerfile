# Debian and not Alpine: the embedded PostgreSQL has no build for musl.
FROM python:3.13-slim-trixie AS build

ENV UV_CACHE_DIR=/var/cache/uv \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_DEV=1 \
    UV_PYTHON_DOWNLOADS=never

RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9

WORKDIR /app

# The dependencies by themselves first: they change less often than the bot, and this layer is kept while they do not.
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/var/cache/uv \
    uv sync --locked --no-install-project

COPY README.md LICENSE manifest.yml ./
COPY bot bot
# Refreshed: uv takes a wheel of ours from its cache as long as pyproject.toml is the same, whatever became of the code.
RUN --mount=type=cache,target=/var/cache/uv \
    uv sync --locked --no-editable --refresh-package skein


FROM python:3.13-slim-trixie

LABEL org.opencontainers.image.title="Skein" \
      org.opencontainers.image.description="A chat bot that people talk to in Slack and that thinks with LangGraph" \
      org.opencontainers.image.licenses="Apache-2.0"

RUN useradd --uid 10001 --user-group --home-dir /data --no-create-home --shell /usr/sbin/nologin skein \
    && install --directory --owner=skein --group=skein --mode=0700 /data

WORKDIR /app
COPY --from=build /app/.venv .venv
COPY LICENSE ./

# Inside a container loopback reaches nobody; which of the host's addresses it is published on is said outside.
ENV BIND_ADDRESS=0.0.0.0 \
    DATA_DIR=/data \
    PATH="/app/.venv/bin:$PATH" \
    PYTHONUNBUFFERED=1

# By number: Kubernetes cannot tell of a name that it is not root.
USER 10001:10001
# The embedded PostgreSQL lives here; unused with a DATABASE_URL.
VOLUME ["/data"]
EXPOSE 3000
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 3000), timeout=4); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]

CMD ["bot", "serve"]
