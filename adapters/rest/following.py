"""Goes on to the address of a next page that an answer gives: on the same server, and nowhere else."""

from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

from contracts.errors import Malformed

_PORTS = {"http": 80, "https": 443}


def following(asked: str, given: str) -> tuple[str, dict[str, str]]:
    """The next page's address without its query, and the query. `given` may be relative to `asked`.

    Raises Malformed for an address that is none, or another server's: our credentials go along.
    """
    try:
        ours = urlsplit(asked)
        theirs = urlsplit(urljoin(asked, given.strip()))
        same = _server(ours) == _server(theirs)
    except ValueError:
        raise Malformed("The next page's address is none that can be read.") from None
    if not same:
        where = f"{theirs.scheme}://{theirs.hostname}"[:100]
        raise Malformed(f"The next page is said to be at {where}, another server than {ours.hostname}.")
    pairs = parse_qsl(theirs.query, keep_blank_values=True)
    query = dict(pairs)
    if len(query) < len(pairs):
        raise Malformed("The next page's address holds a parameter twice.")
    return f"{ours.scheme}://{ours.netloc}{theirs.path or '/'}", query


def _server(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
