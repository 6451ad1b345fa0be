"""The constants of an OpenVINO model, ``model.bin``, as a recipe: nearly all of them are the bundle's own weights.

A published bundle holds the recipe, ``model.recipe``, instead of a second copy of its weights. Needs no OpenVINO.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import yaml

from crmo_seg.inference.backend import OpenVinoUnusable
from crmo_seg.volume import Array

RECIPE_ENDING: Final = ".recipe"

_WEIGHT, _BYTES = "weight", "bytes"


@dataclass(frozen=True, eq=False)
class RebuiltModel:
    """A model whose constants are not in a file.

    Attributes:
        xml: its graph.
        constants: what ``model.bin`` would hold.
    """

    xml: Path
    constants: bytes


def leave_out_weights(xml: Path, weights: Mapping[str, Array]) -> None:
    """Replace the constants of a model, the ``.bin`` beside its graph, by a recipe that takes them from the weights."""
    constants = xml.with_suffix(".bin")
    pieces = list(_pieces(constants.read_bytes(), xml, weights))
    xml.with_suffix(RECIPE_ENDING).write_text(yaml.safe_dump(pieces), encoding="utf-8")
    constants.unlink()


def with_constants(xml: Path, weights: Mapping[str, Array]) -> Path | RebuiltModel:
    """The model, rebuilt where it has a recipe; else its path: the constants lie beside it.

    Raises:
        OpenVinoUnusable: where the recipe is damaged or of another network.
    """
    recipe = xml.with_suffix(RECIPE_ENDING)
    if not recipe.is_file():
        return xml
    try:
        pieces = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        return RebuiltModel(xml, b"".join(_content(piece, weights) for piece in pieces))
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise OpenVinoUnusable(f"{xml.parent.name}/{recipe.name} cannot be followed ({error})") from error


def _content(piece: Mapping[str, str], weights: Mapping[str, Array]) -> bytes:
    return weights[piece[_WEIGHT]].tobytes() if _WEIGHT in piece else bytes.fromhex(piece[_BYTES])


def _pieces(content: bytes, xml: Path, weights: Mapping[str, Array]) -> Iterator[dict[str, str]]:
    """Weights by their names, and the bytes before, between and after them."""
    names = {array.tobytes(): name for name, array in weights.items()}
    done = 0
    for start, stop in _places(xml):
        name = names.get(content[start:stop])
        if name is None or start < done:
            continue
        if start > done:
            yield {_BYTES: content[done:start].hex()}
        yield {_WEIGHT: name}
        done = stop
    if done < len(content):
        yield {_BYTES: content[done:].hex()}


def _places(xml: Path) -> list[tuple[int, int]]:
    """First byte of each constant, and the one after its last."""
    layers = ElementTree.parse(xml).iter("layer")
    found = [layer.find("data") for layer in layers if layer.get("type") == "Const"]
    data = [element.attrib for element in found if element is not None]
    return sorted((int(each["offset"]), int(each["offset"]) + int(each["size"])) for each in data)
