"""PAGE and ALTO XML beside the images of pages: texts, boxes, elements, and raw bytes."""

from __future__ import annotations

import re
from random import Random

from fuzz.case import Format, Seed
from fuzz.mutation import mutate_bytes, number, text
from fuzz.small_models import encoded, line_image, line_model

COMMANDS = {"evaluate m.onnx --data set --json": 3, "predict set --model m.onnx": 1, "inspect set": 1}
POINTS = ("0,0", "9,9 1,1", "1e9,4 4,4", "-5,-5 60,10", "NaN,1 2,2", "0 0 9 9", "", "1,2,3 4,5")
PIECES = (
    "<Word><TextEquiv><Unicode>a</Unicode></TextEquiv></Word>", "<TextEquiv><Unicode/></TextEquiv>", "<!-- -->",
    "<![CDATA[<]]>", "&amp;", "&lol;", "<TextLine>", "</TextLine>", '<String CONTENT="b"/>', "<SP/>", "<?php ?>",
    '<!DOCTYPE x [<!ENTITY lol "lol">]>', "<TextLine><Coords points='0,0 3,3'/></TextLine>", "\x00", "\U0010ffff",
)  # fmt: skip


def seeds() -> list[Seed]:
    files = {"m.onnx": line_model(), "set/0.png": encoded(line_image().resize((64, 16)))}
    return [Seed({**files, "set/0.xml": content.encode()}, "set/0.xml", COMMANDS) for content in (_page(), _alto())]


def _page() -> str:
    lines = "".join(
        f'<TextLine id="{number}"><Coords points="{left},0 {left + 20},0 {left + 20},16 {left},16"/>'
        f"<TextEquiv><Unicode>{words}</Unicode></TextEquiv></TextLine>"
        for number, (left, words) in enumerate(((0, "abc"), (20, "de")))
    )
    space = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
    page = f'<Page imageFilename="0.png" imageWidth="64" imageHeight="16"><TextRegion>{lines}</TextRegion></Page>'
    return f'<?xml version="1.0" encoding="UTF-8"?><PcGts xmlns="{space}">{page}</PcGts>'


def _alto() -> str:
    lines = "".join(
        f'<TextLine HPOS="{left}" VPOS="0" WIDTH="20" HEIGHT="16"><String CONTENT="{words}"/></TextLine>'
        for left, words in ((0, "abc"), (20, "de"))
    )
    about = "<MeasurementUnit>pixel</MeasurementUnit><sourceImageInformation><fileName>0.png</fileName>"
    return (
        '<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Description>'
        f"{about}</sourceImageInformation></Description><Layout><Page WIDTH='64' HEIGHT='16'><PrintSpace><TextBlock>"
        f"{lines}</TextBlock></PrintSpace></Page></Layout></alto>"
    )


def mutate(random: Random, data: bytes) -> bytes:
    kind = random.randrange(6)
    words = data.decode("utf-8", "replace")
    if kind == 0:
        return mutate_bytes(random, data)
    at = random.randrange(len(words) + 1)
    if kind == 1:
        changed = words[:at] + random.choice((*PIECES, text(random))) + words[at:]
    elif kind == 2:
        changed = re.sub(r'points="[^"]*"', f'points="{random.choice(POINTS)}"', words, count=random.choice((0, 1)))
    elif kind == 3:
        numbers = list(re.finditer(r"\d+", words))
        chosen = random.choice(numbers) if numbers else re.match("", words)
        assert chosen is not None
        changed = words[: chosen.start()] + str(number(random)) + words[chosen.end() :]
    elif kind == 4:
        elements = re.findall(r"<[^>]*>", words)
        changed = words.replace(random.choice(elements), random.choice(PIECES), 1) if elements else words
    else:
        end = min(len(words), at + random.choice((1, 5, 80)))
        changed = words[:at] + words[at:end] * random.choice((0, 2, 300)) + words[end:]
    return changed.encode("utf-8", "surrogatepass")


FORMAT = Format("pages", seeds, mutate)
