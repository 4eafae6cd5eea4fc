"""The cookies of operators, and whether a key may be sent the way a request came."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from flask import Request, Response

SESSION: Final = "anirec_ops"
FORM: Final = "anirec_ops_form"
"""Before there is a session: the secret that the sign-in form's token follows from."""
_PATH: Final = "/ops"


def is_private(request: Request) -> bool:
    """Whether nobody can listen: TLS, as the server or a trusted proxy says, or this machine.

    The name in the address counts, not who is connected: through a tunnel both are this machine,
    behind a proxy without TLS only the latter is.
    """
    return request.is_secure or _is_this_machine(request.host)


def give(request: Request, response: Response, name: str, value: str) -> None:
    """Set a cookie for the time the browser runs; scripts and other sites never get at it.

    Over TLS it is never sent in the clear; without it, at localhost, some browsers would refuse
    such a cookie.
    """
    response.set_cookie(
        name, value, path=_PATH, secure=request.is_secure, httponly=True, samesite="Strict"
    )


def take_away(response: Response, *names: str) -> None:
    """Let the browser forget cookies."""
    for name in names:
        response.delete_cookie(name, path=_PATH)


def _is_this_machine(host: str) -> bool:
    name = _hostname(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
