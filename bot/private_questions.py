"""Questions without an audience: asked by a shortcut or a command, answered in the asker's direct messages."""

import json
from dataclasses import asdict, dataclass

from bot.conversation import File
from bot.database import Pool

LANE = "ask"
"""The thread of a lane that such questions wait in, one after another: no thread of Slack's is called so."""


@dataclass(frozen=True, slots=True)
class PrivateQuestion:
    """What somebody (`who`) asks: in words of their own, or (`summarise`) for a summary of a thread.

    Where it is about a message, that is by `author` in `channel`, in the thread of `thread`; `link` leads to it, and
    `about` and `files` are what stands in it. `asked` is when, in Slack's form; the same time is the same question.
    """

    who: str
    asked: str
    text: str = ""
    summarise: bool = False
    channel: str = ""
    thread: str = ""
    link: str = ""
    author: str = ""
    about: str = ""
    files: tuple[File, ...] = ()

    def __str__(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def parse(cls, text: str) -> "PrivateQuestion":
        """The inverse of `str`."""
        told = json.loads(text)
        return cls(**told | {"files": tuple(File(**file) for file in told["files"])})


@dataclass(frozen=True, slots=True)
class PrivateQuestions:
    """The statement about them. What it does stands in `0016_private_questions.sql`."""

    pool: Pool
    workspace: str

    async def put(self, question: PrivateQuestion) -> None:
        """Store it, once; on return it is committed. Raises UNREACHABLE."""
        values = {"lane": f"{self.workspace}/{question.who}/{LANE}", "ts": question.asked, "body": str(question)}
        async with self.pool.connection() as connection:
            await connection.execute(_PUT, values)


_PUT = b"select skein_ask_privately(%(lane)s, %(ts)s::numeric, %(body)s)"
