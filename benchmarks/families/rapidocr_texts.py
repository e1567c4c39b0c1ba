"""How many lines an imported PaddleOCR recogniser reads as RapidOCR reads them; prints one JSON object.

    python benchmarks/families/rapidocr_texts.py LINES.tar MODEL.onnx [DICTIONARY.txt]

RapidOCR runs PaddleOCR's recognisers with their own preprocessing, through OpenCV, and decoding. Needs `rapidocr`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from pathlib import Path

import numpy as np
from compare import images
from rapidocr import RapidOCR

from crnn_deploy.checkpoints.config import ImportConfig
from crnn_deploy.checkpoints.import_checkpoint import import_checkpoint
from crnn_deploy.data.preprocess import Preprocessor
from crnn_deploy.reading.decoding import greedy_decode
from crnn_deploy.runtime.opening import open_session


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("dictionary", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    keys = {"Rec.rec_keys_path": str(arguments.dictionary)} if arguments.dictionary else {}
    with tempfile.TemporaryDirectory() as folder:
        artifact = import_checkpoint(ImportConfig(checkpoint=arguments.model, output=Path(folder) / "m.onnx"))
        size = {"Rec.rec_img_shape": [3, artifact.spec.preprocessing.height, 320]}
        usual = {"Global.log_level": "error", "Global.use_preprocess_img": False}  # it enlarges small pages
        engine = RapidOCR(params={"Rec.model_path": str(arguments.model), **usual, **size, **keys})
        session, preprocessor = open_session(artifact), Preprocessor(artifact.spec.preprocessing)
        rows = []
        for name, image in itertools.islice(images(arguments.lines), arguments.count):
            picture = image.convert("RGB")
            theirs = engine(np.asarray(picture)[:, :, ::-1], use_det=False, use_cls=False, use_rec=True).txts[0]
            ours = greedy_decode(session.run(preprocessor(picture, name)[None]), artifact.spec)[0]
            rows.append((name, theirs, ours))
    other = [row for row in rows if row[1] != row[2]]
    print(json.dumps({"lines": len(rows), "same": len(rows) - len(other), "other": other[:20]}, ensure_ascii=False))


if __name__ == "__main__":
    main()
