"""A page with a title, two columns of text and a table."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from crnn_deploy.data.rendering.fonts import find_families

_TITLE = "The annual report"
_LEFT = ("It was the best of times", "and the worst of times")
_RIGHT = ("Call me Ishmael once more", "some years ago or so")
_TABLE = (("Coffee", "2.50"), ("Two sandwiches", "11.00"))

IN_ORDER = (_TITLE, *_LEFT, *_RIGHT, *(cell for row in _TABLE for cell in row))


def printed_page() -> Image.Image:
    page = Image.new("RGB", (1000, 560), "white")
    draw = ImageDraw.Draw(page)
    (family,) = find_families(("Lato",), "".join(IN_ORDER))
    (font,) = (str(face.path) for face in family if face.path.name == "Lato-Regular.ttf")

    def write(left: int, top: int, text: str, size: int = 30) -> None:
        draw.text((left, top), text, "black", ImageFont.truetype(font, size))

    write(60, 30, _TITLE, 44)
    for number, (left, right) in enumerate(zip(_LEFT, _RIGHT, strict=True)):
        write(60, 130 + 50 * number, left)
        write(560, 130 + 50 * number, right)
    for number, (name, price) in enumerate(_TABLE):
        write(60, 340 + 70 * number, name)
        write(820, 340 + 70 * number, price)
    return page
