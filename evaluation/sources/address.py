"""Addresses of databases: what they may hold, and how they are printed."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from evaluation.errors import DataError

_SECRETS = ("password", "passwd", "pwd", "secret", "token", "sslpassword")


@dataclass(frozen=True)
class Address:
    """The parts of a database's address.

    Parameters
    ----------
    scheme : str
        In lower case, such as ``postgresql``.
    host : str
        What stands between ``//`` and the path, user included, as written.
    user, hostname : str
        Empty where not given.
    port : int or None
    path : str
        Without its first slash.
    query : dict of str to str
    """

    scheme: str
    host: str
    user: str
    hostname: str
    port: int | None
    path: str
    query: dict[str, str]


def parse_address(address: str) -> Address:
    """Take an address apart.

    Raises
    ------
    DataError
        If it holds a password (which the message does not repeat), cannot be
        read or gives a parameter twice.
    """
    scheme = address.split("://", 1)[0].lower()
    readable = address.replace("[", "%5B").replace("]", "%5D") if scheme == "spark" else address
    try:
        parts = urlsplit(readable)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        secret = bool(parts.password) or any(key.lower() in _SECRETS for key, _ in pairs)
        port = None if scheme == "spark" else parts.port
    except ValueError:
        secret, pairs, parts = "@" in address, [], None
    if secret:
        raise DataError(
            "The address of the source holds a password; remove it, for addresses are printed and "
            "saved, and keep credentials in the environment, ~/.pgpass or a service file."
        )
    if parts is None:
        raise DataError(
            "The address of the source cannot be read; write it as "
            "postgresql://host:5432/database or spark://host:7077?database=name."
        )
    query = dict(pairs)
    if len(query) < len(pairs):
        raise DataError("The address of the source gives a parameter twice; keep one of them.")
    return Address(
        scheme,
        unquote(parts.netloc),
        unquote(parts.username or ""),
        unquote(parts.hostname or ""),
        port,
        unquote(parts.path.removeprefix("/")),
        query,
    )
