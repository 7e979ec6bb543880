"""Pictures of the book for README and guide: `make docs` runs `python docs/pictures.py docs/index.html docs/pictures`.

Each view is taken by a Chromium that is on the machine, and saved in few colours.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# name -> what stands at the top, and the schemes: on the README the reader's counts
VIEWS = {"answer": ("", SCHEMES), "winners": ("matrix", SCHEMES[:1]), "network": ("backward", SCHEMES[:1])}
SIZE: ViewportSize = {"width": 1280, "height": 900}
COLOURS = 96


def main(page: Path, folder: Path) -> None:
    """Take all pictures of a page."""
    browser = next(found for name in BROWSERS if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--hide-scrollbars"])
        for scheme in SCHEMES:
            context = chromium.new_context(viewport=SIZE, device_scale_factor=1.5, color_scheme=scheme)
            opened = context.new_page()
            opened.goto(page.resolve().as_uri())
            for name, (ident, schemes) in VIEWS.items():
                if scheme in schemes:
                    save(view(opened, ident), folder / f"{name}-{scheme}.png")
        chromium.close()


def view(page: Page, ident: str) -> bytes:
    """What a reader sees who has followed a link to this part, or the beginning, as PNG."""
    page.evaluate("ident => scrollTo(0, ident ? document.getElementById(ident).offsetTop - 24 : 0)", ident)
    page.wait_for_timeout(200)  # the contents mark the reader's place
    return page.screenshot()


def save(png: bytes, path: Path) -> None:
    """Write a picture in so few colours that it is small."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, Image.Quantize.FASTOCTREE)
    picture.save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
