import logging
import threading
import warnings

import pytest

from crmo_seg.io.dicom.discretion import discreet


def test_nothing_is_said_inside_and_all_is_as_before_outside(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("pydicom")
    before = logger.level
    with discreet(), discreet():
        logger.error("Doe^John")
        logging.getLogger("highdicom.seg").error("Doe^John")
        warnings.warn("Doe^John", stacklevel=1)  # an error in these tests, were it heard
    logger.error("heard")
    assert caplog.messages == ["heard"]
    assert logger.level == before


def test_threads_leave_in_any_order() -> None:
    logger = logging.getLogger("pydicom")
    before, may_leave = logger.level, threading.Event()

    def stay() -> None:
        with discreet():
            entered.set()
            may_leave.wait(5)

    entered = threading.Event()
    thread = threading.Thread(target=stay)
    with discreet():
        thread.start()
        assert entered.wait(5)
    assert logger.level > logging.CRITICAL
    may_leave.set()
    thread.join()
    assert logger.level == before
