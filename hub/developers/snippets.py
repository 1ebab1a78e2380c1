"""The senders in examples/webhooks, as the pages show them: the files themselves, which a test runs."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "examples" / "webhooks"


@dataclass(frozen=True)
class Snippet:
    language: str
    file: str
    #: What comes before the dossier's code on the command line.
    command: str
    needs: str

    @cached_property
    def text(self) -> str:
        return (FOLDER / self.file).read_text("utf-8")


SNIPPETS = (
    Snippet("curl + openssl", "send.sh", "sh send.sh", "curl, openssl"),
    Snippet("C#", "Send.cs", "Send.exe", ".NET, .NET Framework 4.5+, Mono"),
    Snippet("Java", "Send.java", "java Send.java", "Java 11+"),
    Snippet("PHP", "send.php", "php send.php", "PHP 7.4+"),
    Snippet("JavaScript", "send.mjs", "node send.mjs", "Node 18+"),
    Snippet("Python", "send.py", "python3 send.py", "Python 3.8+"),
)
BY_FILE = {snippet.file: snippet for snippet in SNIPPETS}
