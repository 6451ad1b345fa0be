"""Packages that add networks, as pip would have installed them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def install(folder: Path, package: str, networks: Mapping[str, str], version: str = "1.0") -> None:
    """Write the metadata of a package into a folder of ``sys.path``; its modules lie there by themselves."""
    metadata = folder / f"{package}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    lines = [f"{name} = {value}" for name, value in networks.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[crmo_seg.networks]", *lines, ""]))
