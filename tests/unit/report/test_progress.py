"""Progress bars: on a terminal only, and not where the user wants quiet."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from crmo_seg.report import progress
from crmo_seg.report.progress import ProgressBars


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], io.StringIO]:
    """What would be seen on standard error, as a terminal or not."""

    def make(is_terminal: bool) -> io.StringIO:
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=is_terminal, width=120)
        monkeypatch.setattr(progress, "Console", lambda **_: console)
        return stream

    return make


def show(*, quiet: bool = False) -> None:
    with ProgressBars(quiet=quiet) as bars:
        first, second = bars.bar("case-1"), bars.bar("case-2")
        for done in range(1, 4):
            first(done, 3)
        second(1, 4)


def test_a_terminal_sees_a_bar_a_case(screen: Callable[[bool], io.StringIO]) -> None:
    stream = screen(True)
    show()
    shown = stream.getvalue()
    assert [text for text in ("case-1", "case-2", "3/3", "1/4") if text not in shown] == []


def test_a_terminal_stays_quiet_when_asked(screen: Callable[[bool], io.StringIO]) -> None:
    stream = screen(True)
    show(quiet=True)
    assert stream.getvalue() == ""


def test_a_log_file_gets_no_bars(screen: Callable[[bool], io.StringIO]) -> None:
    stream = screen(False)
    show()
    assert stream.getvalue().strip() == ""


def test_bars_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    show()
    assert capsys.readouterr().out == ""


def test_bars_end_with_an_error(screen: Callable[[bool], io.StringIO]) -> None:
    stream = screen(True)
    with pytest.raises(ZeroDivisionError), ProgressBars() as bars:
        bars.bar("case-1")(1 // 0, 4)
    assert stream.getvalue().count("\x1b[?25h") == 1  # the cursor is back
