"""From what a user has, pictures or columns, to what a pretrained network was trained on: as data, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..checks import at_least_one, check_name, in_range
from ..errors import InvalidInput, MissingLibrary, ShapeError, shown
from ..inputs import real_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]

CHANNELS = 3
SHOWN = 3  # files that a message lists
MOST_PIXELS = 50_000_000  # of a file that is opened: more is a decompression bomb, or a mistake
DEEP = 65535  # white of sixteen bits
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
ORDERS = ("rgb", "bgr")


@dataclass(frozen=True)
class Preparation:
    """How pictures become inputs; the defaults are ImageNet's, as most checkpoints have them.

    Parameters
    ----------
    size
        Pixels of a side of the inputs.
    mean, deviation
        Taken off, and divided by, channel by channel, after the whitest value has become 1.
    crop
        Share of the resized picture's side that the centre crop keeps; 1 keeps all of its shorter side.
    interpolation
        How pictures are resized: ``nearest``, ``bilinear``, ``bicubic`` or ``lanczos``, all but the first antialiased.
    order
        ``rgb`` or ``bgr``, of the channels.
    white
        The largest value that a number may have. None: 255 for whole numbers of eight bits and for files, 1 for others.
    background
        What shows through transparent pictures, in [0, 1].

    Raises
    ------
    InvalidInput
        If a field is out of range.
    """

    size: int = 224
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    deviation: tuple[float, ...] = (0.229, 0.224, 0.225)
    crop: float = 1.0
    interpolation: str = "bicubic"
    order: Literal["rgb", "bgr"] = "rgb"
    white: float | None = None
    background: float = 1.0

    def __post_init__(self) -> None:
        checked = {
            "size": at_least_one("size", self.size),
            "mean": _three("mean", self.mean),
            "deviation": _three("deviation", self.deviation),
            "crop": in_range("crop", self.crop, above=0, below=1 + 1e-9),
            "interpolation": check_name("interpolation", self.interpolation, INTERPOLATIONS),
            "order": check_name("order", self.order, ORDERS),
            "white": None if self.white is None else in_range("white", self.white, above=0),
            "background": in_range("background", self.background, below=1 + 1e-9),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if min(self.deviation) <= 0:
            raise InvalidInput(f"deviation is {self.deviation}; each must be above 0")

    def __call__(self, pictures: Any) -> NDArray[np.float32]:
        """Prepare pictures.

        Parameters
        ----------
        pictures
            Columns (n, side * side), arrays (n, side, side) or (n, height, width, 1, 3 or 4), or a list of paths.

        Returns
        -------
        (n, 3, size, size)
        """
        return np.stack([steps[-1] for steps in self._each(pictures)])

    def steps(self, picture: Any) -> dict[str, NDArray[np.float32]]:
        """Return what each step makes of one picture, by name: for a reader who wants to see it."""
        return dict(zip(("read", "resized", "cropped", "normalised"), next(iter(self._each([picture]))), strict=True))

    def images(self, picture: Any) -> dict[str, NDArray[np.uint8]]:
        """Return what each step makes of one picture, by name, as a picture (height, width, 3) of eight bits.

        What is normalised is shown from its least to its largest number, since it has no black and no white.
        """
        found = {}
        for name, step in self.steps(picture).items():
            seen = step if name != "normalised" else _spread(step.transpose(1, 2, 0))
            found[name] = np.broadcast_to(np.round(seen * 255).astype(np.uint8), (*seen.shape[:2], CHANNELS))
        return found

    def _each(self, pictures: Any) -> list[list[NDArray[np.float32]]]:
        pictures = as_list(pictures)
        if _are_paths(pictures):
            return self._of_files(pictures)
        return [self._prepare(picture) for picture in colours(pictures, self.white, self.background)]

    def _of_files(self, paths: Sequence[str | Path]) -> list[list[NDArray[np.float32]]]:
        """Return what each step makes of each file; refuse all that cannot be read at once."""
        done, unreadable = [], []
        for path in paths:
            try:
                done.append(self._prepare(read_picture(path, self.background)))
            except InvalidInput as error:
                unreadable.append(str(error))
        if unreadable:
            raise InvalidInput(f"{len(unreadable)} of {len(paths)} pictures cannot be read: {some(unreadable)}")
        return done

    def _prepare(self, picture: Picture) -> list[Picture]:
        """Return what each step makes of a picture (height, width, 1 or 3) in [0, 1]."""
        resized = resize(picture, round(self.size / self.crop), self.interpolation)
        cropped = centre(resized, self.size)
        cropped = np.broadcast_to(cropped, (*cropped.shape[:2], CHANNELS))
        ordered = cropped[..., ::-1] if self.order == "bgr" else cropped
        normalised = (ordered - np.array(self.mean, np.float32)) / np.array(self.deviation, np.float32)
        return [picture, resized, cropped, np.ascontiguousarray(normalised.transpose(2, 0, 1), dtype=np.float32)]

    def differences(self, other: Preparation) -> list[str]:
        """Return what differs from another preparation, such as a checkpoint's own, with both values."""
        return [
            f"{field.name} is {getattr(self, field.name)}, and the checkpoint's is {getattr(other, field.name)}"
            for field in fields(self)
            if field.name not in {"white", "background"} and getattr(self, field.name) != getattr(other, field.name)
        ]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items() if value is not None)


def _three(name: str, values: object) -> tuple[float, ...]:
    """Return a number for each channel, to six digits, as configurations write them."""
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) != CHANNELS:
        raise InvalidInput(f"{name} is {shown(values)}; {CHANNELS} numbers are needed, one a channel")
    return tuple(round(in_range(name, value, least=-math.inf), 6) for value in values)


def as_list(values: Any) -> Any:
    """Return a column of texts or paths, of NumPy's or a frame's, as a list; anything else as it is."""
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    listed = hasattr(values, "tolist") and getattr(values, "ndim", 0) == 1 and kind in "OUT"
    return values.tolist() if listed else values


def some(messages: Sequence[str]) -> str:
    """Return the first few of some messages, and how many more there are."""
    more = f"; and {len(messages) - SHOWN} more" if len(messages) > SHOWN else ""
    return "; ".join(messages[:SHOWN]) + more


def _are_paths(pictures: Any) -> bool:
    return isinstance(pictures, Sequence) and len(pictures) > 0 and isinstance(pictures[0], str | Path)


def colours(pictures: Any, white: float | None, background: float) -> NDArray[np.float32]:
    """Return arrays as pictures (n, height, width, 1 or 3) in [0, 1].

    Raises
    ------
    ShapeError
        If they have another number of axes or channels, or columns are no square.
    InvalidInput
        If a value is below 0 or above `white`.
    """
    given = real_array(pictures)
    values = given
    if values.ndim == 2:
        side = math.isqrt(values.shape[1])
        if side * side != values.shape[1]:
            raise ShapeError(f"X has {values.shape[1]} columns, which are no square; give arrays (n, height, width)")
        values = values.reshape(-1, side, side)
    if values.ndim == 3:
        values = values[..., np.newaxis]
    if values.ndim != 4 or values.shape[-1] not in {1, 3, 4} or not values.size:
        raise ShapeError(
            f"X has shape {given.shape}; columns (n, side * side), (n, height, width) or (n, height, width, 1, 3 or 4) "
            "are needed"
        )
    whitest = white or (255.0 if given.dtype == np.uint8 else 1.0)
    least, most = float(values.min()), float(values.max())
    if not 0 <= least <= most <= whitest:  # NaN too
        raise InvalidInput(f"X goes from {least:g} to {most:g}, and white is {whitest:g}; say what is white")
    scaled: NDArray[np.float32] = (values / whitest).astype(np.float32)
    return scaled if scaled.shape[-1] < 4 else _opaque(scaled, background)


def _spread(values: Picture) -> Picture:
    """Return numbers from 0 to 1, in the same proportions."""
    least, most = float(values.min()), float(values.max())
    return np.asarray((values - least) / (most - least if most > least else 1), dtype=np.float32)


def _opaque(pictures: NDArray[np.float32], background: float) -> NDArray[np.float32]:
    """Return pictures with four channels over a background."""
    colour, alpha = pictures[..., :3], pictures[..., 3:]
    return np.asarray(colour * alpha + np.float32(background) * (1 - alpha), dtype=np.float32)


def read_picture(path: str | Path, background: float = 1.0) -> Picture:
    """Return the picture in a file, (height, width, 3), in [0, 1].

    Raises
    ------
    InvalidInput
        If it cannot be opened, is of no known format, is truncated, or has too many pixels to decode.
    """
    image = _pillow()
    try:
        with image.open(path) as opened:
            _check_size(path, *opened.size)
            return _opaque(_decoded(path, opened), background)
    except InvalidInput:
        raise
    except (OSError, SyntaxError, ValueError, image.DecompressionBombError, image.DecompressionBombWarning) as error:
        raise InvalidInput(f"{path}: cannot be read as a picture: {error}") from error


def _decoded(path: str | Path, opened: Any) -> NDArray[np.float32]:
    """Return an opened picture upright, as a camera has noted it was held: (height, width, 4), in [0, 1]."""
    from PIL import ImageOps

    if opened.mode == "F":
        raise InvalidInput(f"{path}: holds numbers of no known white; give arrays, and `white`")
    upright = ImageOps.exif_transpose(opened)
    if not upright.mode.startswith("I"):
        return np.asarray(upright.convert("RGBA"), dtype=np.float32) / np.float32(255)
    grey = np.asarray(upright, dtype=np.float32) / np.float32(DEEP)  # which Pillow would cut off at 255
    return np.stack([grey, grey, grey, np.ones_like(grey)], axis=-1)


def _check_size(path: str | Path, width: int, height: int) -> None:
    """Refuse a picture, by its header, that would take too much memory once it is decoded."""
    if width * height > MOST_PIXELS:
        raise InvalidInput(
            f"{path}: {width} x {height} pixels; more than {MOST_PIXELS:,} are not decoded, make it smaller"
        )


def resize(picture: Picture, side: int, interpolation: str) -> Picture:
    """Return a picture whose shorter side has so many pixels."""
    height, width = picture.shape[:2]
    scale = side / min(height, width)
    shape = max(side, round(width * scale)), max(side, round(height * scale))
    if shape == (width, height):
        return picture
    image = _pillow()
    how = getattr(image.Resampling, interpolation.upper())
    channels = [
        np.asarray(image.fromarray(np.ascontiguousarray(picture[..., channel])).resize(shape, how))
        for channel in range(picture.shape[-1])
    ]
    return np.asarray(
        np.clip(np.stack(channels, axis=-1), 0, 1), dtype=np.float32
    )  # bicubic and lanczos go beyond what is black and white


def centre(picture: Picture, side: int) -> Picture:
    """Return the square in the middle of a picture."""
    top, left = ((length - side) // 2 for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingLibrary("Pillow", f"pip install 'fastmlp[images]' ({error})") from error
    return Image
