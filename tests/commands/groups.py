"""Subcommands of groups, as Discord sends them."""

from typing import Any

from tests.web.door import used


def used_of(group: str, subcommand: str, channel: dict[str, Any] | None = None, **options: object) -> dict[str, Any]:
    sent = used(subcommand, channel, **options)
    sent["data"]["options"] = [{"type": 2, "name": group, "options": sent["data"]["options"]}]
    return sent


def by(sent: dict[str, Any], *, permissions: int = 0, roles: tuple[str, ...] = ()) -> dict[str, Any]:
    """The same from somebody else."""
    return sent | {"member": {**sent["member"], "permissions": str(permissions), "roles": list(roles)}}
