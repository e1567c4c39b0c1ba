"""Pages as files for other programs: hOCR 1.2 (as Tesseract writes it) and ALTO 4."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from crnn_deploy.pages.page import Page, Word
from crnn_deploy.pages.quad import Box

_ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
_XHTML = "http://www.w3.org/1999/xhtml"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MISSING = "\N{REPLACEMENT CHARACTER}"  # in place of a character that XML cannot hold


def hocr(page: Page) -> str:
    """A page as an HTML document; confidences are whole numbers up to 100."""
    html = ElementTree.Element("html", xmlns=_XHTML)
    head = ElementTree.SubElement(html, "head")
    ElementTree.SubElement(head, "title").text = _text(page.name)
    for name, content in (("ocr-system", "crnn-deploy"), ("ocr-capabilities", "ocr_page ocr_line ocrx_word")):
        ElementTree.SubElement(head, "meta", name=name, content=content)
    body = ElementTree.SubElement(html, "body")
    name = _text(page.name).replace('"', "%22")  # which would end the name
    title = f'image "{name}"; bbox 0 0 {page.width} {page.height}'
    sheet = ElementTree.SubElement(body, "div", {"class": "ocr_page", "id": "page_1", "title": title})
    for number, line in enumerate(page.lines, 1):
        place = {"class": "ocr_line", "id": f"line_{number}", "title": _bbox(line.quad.box)}
        row = ElementTree.SubElement(sheet, "span", place)
        for count, word in enumerate(line.words(), 1):
            sure = f"{_bbox(word.quad.box)}; x_wconf {round(100 * word.confidence)}"
            about = {"class": "ocrx_word", "id": f"word_{number}_{count}", "title": sure}
            ElementTree.SubElement(row, "span", about).text = _text(word.text)
            row[-1].tail = " "
        row.tail = "\n"
    return _document(html, "<!DOCTYPE html>\n")


def alto(page: Page) -> str:
    """A page as ALTO XML, measured in pixels."""
    root = ElementTree.Element("alto", xmlns=_ALTO)
    description = ElementTree.SubElement(root, "Description")
    ElementTree.SubElement(description, "MeasurementUnit").text = "pixel"
    source = ElementTree.SubElement(description, "sourceImageInformation")
    ElementTree.SubElement(source, "fileName").text = _text(page.name)
    layout = ElementTree.SubElement(root, "Layout")
    size = {"WIDTH": str(page.width), "HEIGHT": str(page.height)}
    sheet = ElementTree.SubElement(layout, "Page", {"ID": "page_1", "PHYSICAL_IMG_NR": "1", **size})
    space = ElementTree.SubElement(sheet, "PrintSpace", {"HPOS": "0", "VPOS": "0", **size})
    block = ElementTree.SubElement(space, "TextBlock", {"ID": "block_1", "HPOS": "0", "VPOS": "0", **size})
    for number, line in enumerate(page.lines, 1):
        row = ElementTree.SubElement(block, "TextLine", {"ID": f"line_{number}", **_place(line.quad.box)})
        shape = ElementTree.SubElement(row, "Shape")
        points = " ".join(f"{column:g},{down:g}" for column, down in line.quad.corners)
        ElementTree.SubElement(shape, "Polygon", POINTS=points)
        for count, word in enumerate(line.words()):
            if count:
                ElementTree.SubElement(row, "SP")
            ElementTree.SubElement(row, "String", _string(word))
    ElementTree.indent(root)  # not hOCR, where white space is text
    return _document(root, "")


def _string(word: Word) -> dict[str, str]:
    return {**_place(word.quad.box), "CONTENT": _text(word.text), "WC": f"{min(1.0, word.confidence):.3f}"}


def _place(box: Box) -> dict[str, str]:
    numbers = {"HPOS": box.left, "VPOS": box.top, "WIDTH": box.width, "HEIGHT": box.height}
    return {name: f"{number:.1f}" for name, number in numbers.items()}


def _bbox(box: Box) -> str:
    return f"bbox {round(box.left)} {round(box.top)} {round(box.right)} {round(box.bottom)}"


def _document(root: ElementTree.Element, doctype: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}{ElementTree.tostring(root, encoding="unicode")}\n'


def _text(text: str) -> str:
    return _NOT_IN_XML.sub(_MISSING, text)
