"""The proxies whose word counts: who they say has sent what they pass on."""

from __future__ import annotations

import ipaddress
import pwd
from collections.abc import Iterable, Sequence

from smithers.engine.peers import is_of_this_machine
from smithers.errors import Refused
from smithers.texts import plain
from smithers.values import dataclass

__all__ = ["Proxies"]


@dataclass(frozen=True, kw_only=True)
class Proxies:
    """Proxies by their `addresses`, and on this machine by the ids of their `users`. With
    `is_only_way`, other machines reach the server by these addresses only.
    """

    addresses: frozenset[str] = frozenset()
    users: frozenset[int] = frozenset()
    is_only_way: bool = False

    @classmethod
    def named(cls, given: Iterable[str], *, is_only_way: bool = False) -> Proxies:
        """Those of `--proxy`: addresses, and names of users. Raises `Refused`."""
        addresses, users = set[str](), set[int]()
        for one in given:
            if (address := _address(one)) is not None:
                if is_of_this_machine(address):
                    raise Refused(
                        f"--proxy {address} is an address of this machine, which all of its"
                        " programs have, agents included",
                        hint="name the user whose process the proxy is here, such as root",
                    )
                addresses.add(address)
                continue
            try:
                users.add(pwd.getpwnam(one).pw_uid)
            except (KeyError, ValueError):
                raise Refused(
                    f"--proxy {plain(repr(one))} is neither an address nor a user of this machine",
                    hint="name the address of the proxy, or the user whose process it is here,"
                    " such as root",
                ) from None
        return cls(addresses=frozenset(addresses), users=frozenset(users), is_only_way=is_only_way)

    def __bool__(self) -> bool:
        return bool(self.addresses or self.users)

    def trusts(self, address: str, uid: int | None) -> bool:
        """Whether one of them has sent a request that came from there."""
        return uid in self.users or _address(address) in self.addresses

    def forwarded(self, given: Sequence[str]) -> str:
        """The address in the `X-Forwarded-For` of a trusted proxy, which adds one at the end; empty
        if it has none.
        """
        return _address(",".join(given).rpartition(",")[2].strip()) or ""


def _address(text: str) -> str | None:
    """An address as it is compared, without the form in which IPv6 has those of IPv4."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(getattr(found, "ipv4_mapped", None) or found)
