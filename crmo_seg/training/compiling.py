"""Translate the network's training step for this processor, where a compiler is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import torch
from torch import Tensor

from crmo_seg.errors import InputError

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """``torch.compile`` of a function: the same values, up to rounding, after half a minute of compiling.

    Raises:
        InputError: where this machine cannot compile; without the check it would show at the first step only.
    """
    try:
        torch.compile(_trial)(torch.zeros(1))
    except Exception as error:  # torch raises whatever the compiler's absence leads to
        raise InputError("compile", f"cannot be done here ({type(error).__name__})", _REMEDY) from error
    return cast(Function, torch.compile(function))


def _trial(value: Tensor) -> Tensor:
    return value + 1


_REMEDY = "install a C++ compiler, such as g++, or set compile=false"
