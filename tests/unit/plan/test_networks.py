"""Which networks may be named: none by its import path alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from network_packages import install

from crmo_seg.errors import InputError
from crmo_seg.plan.networks import NETWORKS, added_network, network_names, network_package


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_name_that_no_package_adds_is_refused_even_where_it_could_be_imported(site: Path) -> None:
    (site / "loose_network.py").write_text("raise SystemExit('imported')\n")
    with pytest.raises(InputError, match=r"b: names the network 'loose_network.Net'; allowed: crmo_seg.network.UNet"):
        added_network("loose_network.Net", "b")
    assert "loose_network" not in sys.modules


def test_an_installed_package_adds_a_name_and_is_not_imported(site: Path) -> None:
    (site / "quiet_network.py").write_text("raise SystemExit('imported')\n")
    install(site, "quiet", {"quiet_net": "quiet_network:Net"}, "2.1")
    assert network_names() == (*NETWORKS, "quiet_net")
    assert added_network("quiet_net", "b").value == "quiet_network:Net"
    assert network_package("quiet_net") == {"quiet": "2.1"}
    assert "quiet_network" not in sys.modules


def test_two_packages_with_one_name_are_told(site: Path) -> None:
    install(site, "one", {"net": "one:Net"})
    install(site, "two", {"net": "two:Net"})
    with pytest.raises(InputError, match="stands for one:Net and two:Net; uninstall all packages but one"):
        added_network("net", "b")
