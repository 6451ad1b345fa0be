"""``crmo-seg node``: watch a folder and predict every study that arrives in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.choose.rules import read_rules
from crmo_seg.jobs.node.lock import only_one
from crmo_seg.jobs.node.loop import Node, Outcome, Turn
from crmo_seg.jobs.node.settings import NodeSettings
from crmo_seg.jobs.node.study_queue import StudyQueue
from crmo_seg.jobs.node.watch import Watch
from crmo_seg.jobs.node.work import Workshop
from crmo_seg.jobs.predict import load_model

QUEUE_FOLDER: Final = "queue"
_LOCK_FILE: Final = ".lock"


def run_node(incoming: Path, out: Path, settings: NodeSettings, log: Callable[[str], None], *, once: bool) -> Outcome:
    """Predict the studies of a folder as they arrive; without end, or until all of them are done.

    Args:
        incoming: the folder that is watched; nothing in it is changed.
        out: folder of the prediction folders and of ``queue/``.
        settings: how to wait, predict and send.
        log: is told in one line what happens; never of patients or paths.
        once: stop when nothing is left to do and nothing is arriving any more.

    Returns:
        What is left behind, where ``once``.

    Raises:
        InputError: where a folder, the model or the rules cannot be used, another node is at work, or the disk is full.
    """
    check_folders(incoming, out)
    with only_one(out / QUEUE_FOLDER / _LOCK_FILE):
        node = _open_node(incoming, out, settings, log)
        node.recover()
        log(f"watching, {len(node.queue.entries('waiting'))} studies waiting")
        watch = Watch(incoming)
        while True:
            turn = _turn(node, watch, once=once)
            if once and turn == "idle" and not node.has_to_send(time.time()):
                return replace(node.outcome, unsent=len(node.queue.entries("sending")))
            if turn != "worked":
                time.sleep(settings.poll_s)


def _open_node(incoming: Path, out: Path, settings: NodeSettings, log: Callable[[str], None]) -> Node:
    rules = None if settings.rules is None else read_rules(settings.rules)
    predictor = load_model(settings.model, settings.device, mode=settings.mode, notice=log)
    workshop = Workshop(incoming, out, predictor, rules, settings.probability)
    return Node(settings, workshop, StudyQueue(out / QUEUE_FOLDER), log)


def _turn(node: Node, watch: Watch, *, once: bool) -> Turn:
    """A turn; a folder that cannot be read for a while, as on a network drive, does not stop a node that watches."""
    now_s = time.time()
    try:
        files = watch.look(now_s)
    except InputError:
        if once:
            raise
        node.log("the incoming folder cannot be read, tried again")
        return "idle"
    return node.turn(files, now_s)


def check_folders(incoming: Path, out: Path) -> None:
    """Make sure that a node can work with these folders, before anything is written.

    Raises:
        InputError: where the first is none, or one lies in the other.
    """
    if not incoming.is_dir():
        raise InputError(incoming, "is no folder", "give the folder that studies arrive in after --in")
    if out.exists() and not out.is_dir():
        raise InputError(out, "is a file", "give a folder after --out")
    one, other = incoming.resolve(), out.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise InputError(out, "lies in the incoming folder, or around it", "give folders beside each other")
