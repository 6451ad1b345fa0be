"""Which networks a configuration or a bundle may name: this package's own, and those that an installed package adds.

A bundle may come from anywhere, so a name in it must not decide what code runs. Known are the names in ``NETWORKS`` and
those in the metadata of installed packages, as entry points of the group ``crmo_seg.networks``: who installs a package
decides. Asking for names imports nothing.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

from crmo_seg.errors import InputError

NETWORKS: Final = ("crmo_seg.network.UNet",)
"""This package's own."""

GROUP: Final = "crmo_seg.networks"
"""The entry points of other packages: a name -> a class derived from ``crmo_seg.network.Network``."""


def network_names() -> tuple[str, ...]:
    """All names that are known here, this package's own first.

    >>> network_names()[0]
    'crmo_seg.network.UNet'
    """
    return (*NETWORKS, *sorted({entry.name for entry in entry_points(group=GROUP)}))


def added_network(name: str, source: str) -> EntryPoint:
    """The network of this name that an installed package adds; nothing of the package is imported.

    Args:
        name: as a configuration or a bundle gives it.
        source: who gives it, for the message.

    Raises:
        InputError: where no package adds one, or two different ones have this name.
    """
    found = {entry.value: entry for entry in entry_points(group=GROUP, name=name)}
    if not found:
        remedy = f"allowed: {', '.join(network_names())}; or install the package that adds it"
        raise InputError(source, f"names the network {name!r}", remedy)
    if len(found) > 1:
        problem = f"names the network {name!r}, which stands for {' and '.join(sorted(found))}"
        raise InputError(source, problem, "uninstall all packages but one that add it")
    return next(iter(found.values()))


def network_package(name: str) -> dict[str, str]:
    """Package and version that a network comes from; empty for this package's own.

    >>> network_package("crmo_seg.network.UNet")
    {}
    """
    if name in NETWORKS:
        return {}
    package = added_network(name, "network_class").dist
    return {} if package is None else {package.name: package.version}
