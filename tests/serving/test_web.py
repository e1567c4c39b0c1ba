"""The page of a package for browsers reads as crnn-deploy does, and loads nothing but its own files."""

from __future__ import annotations

import base64
import io
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from browser import DESKTOP, PHONE, axe_violations, opened, overflow
from conv_reader import conv_reader
from javascript_packages import CACHE, require_npm_package
from packaged_specs import spec_of
from PIL import Image
from served_folder import served

from crnn_deploy.errors import InputError
from crnn_deploy.serving.config import PackageConfig
from crnn_deploy.serving.layout import MODEL
from crnn_deploy.serving.package import package
from crnn_deploy.serving.targets.python.crnn_reader import Reader
from crnn_deploy.zoo import READER

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

LOADED = ".buttons:not([hidden])"


@contextmanager
def ready(browser: Browser, folder: Path) -> Iterator[Page]:
    """The page of a folder with its model loaded; in the end nothing has failed, and nothing come from elsewhere."""
    with served(folder) as address, opened(browser, address, DESKTOP) as (page, complaints):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        # Without a listener, Chromium is told to hand over its dialog only when a test awaits one, and a key that
        # is pressed at once can come first (3 of 150 times on a busy machine; with a listener 0 of 600).
        page.on("filechooser", lambda _: None)
        page.wait_for_selector(LOADED)
        yield page
        assert complaints == []
        assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


@pytest.fixture(scope="module")
def loaded(browser: Browser, packaged_for_web: Path) -> Iterator[Page]:
    """The page of the package's reader."""
    with ready(browser, packaged_for_web) as page:
        yield page


@pytest.fixture
def page(loaded: Page) -> Page:
    """That page without what other tests have read."""
    loaded.evaluate("document.getElementById('readings').replaceChildren()")
    return loaded


def texts(page: Page, count: int) -> list[str]:
    """What the page shows as read, in the order in which it was given."""
    page.wait_for_selector(f"#readings li:nth-child({count})", timeout=200_000)
    page.wait_for_selector(".busy", state="detached")
    return page.locator("#readings .text").all_text_contents()[::-1]


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def line(packaged_for_web: Path) -> tuple[bytes, str]:
    """An image and its text."""
    file = packaged_for_web / "examples" / "02.png"
    return file.read_bytes(), Reader(packaged_for_web / MODEL)(file).text


def given(*files: tuple[str, bytes]) -> list[FilePayload]:
    """Files for a page to choose."""
    return [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in files]


def test_everybody_can_use_it(page: Page) -> None:
    page.click("#samples button")
    page.set_input_files("#files", given(("junk.png", b"x")))
    texts(page, 2)
    page.click("#check")
    page.wait_for_selector("#checked:not(:empty)")
    assert page.inner_text("#checked") == "4 of 4 examples read as expected"
    for viewport, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert axe_violations(page) == []
        assert overflow(page) == 0


def test_pictures_are_chosen_dropped_and_pasted(page: Page, line: tuple[bytes, str]) -> None:
    image, text = line
    page.set_input_files("#files", given(("line.png", image)))
    assert texts(page, 1) == [text]
    transfer = page.evaluate_handle(
        """data => {
            const transfer = new DataTransfer();
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            transfer.items.add(new File([bytes], "line.png", { type: "image/png" }));
            return transfer;
        }""",
        base64.b64encode(image).decode(),
    )
    page.dispatch_event(".purpose", "drop", {"dataTransfer": transfer})
    assert texts(page, 2) == [text] * 2
    page.evaluate("data => document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }))", transfer)
    assert texts(page, 3) == [text] * 3
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("data => navigator.clipboard.write([new ClipboardItem({ 'image/png': data.files[0] })])", transfer)
    page.click("#paste")
    assert texts(page, 4) == [text] * 4
    page.click(".copy >> nth=0")
    page.wait_for_selector("text=Copied")
    assert page.evaluate("navigator.clipboard.readText()") == text
    page.click("#paste")  # there is only text now
    page.wait_for_selector("#readings .failed")
    assert page.inner_text("#readings .failed") == "There is no picture to paste."


def test_it_works_with_the_keyboard_and_is_heard(page: Page, line: tuple[bytes, str]) -> None:
    image, text = line
    page.focus("#choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(given(("line.png", image)))
    assert texts(page, 1) == [text]
    assert page.inner_text("[role=status] >> nth=0").startswith(f"Read {text}, ")
    page.focus("#choose")
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.firstChild.alt"))
    assert reached == ["paste", "Example 1", "Example 2"]
    page.keyboard.press("Enter")
    assert texts(page, 2) == [text] * 2


def test_what_is_no_picture_is_told(page: Page, line: tuple[bytes, str]) -> None:
    page.set_input_files("#files", given(("a.png", b"x"), ("<b>.png", b""), ("line.png", line[0])))
    assert texts(page, 3) == [line[1]]
    said = page.locator("#readings .failed").all_inner_texts()
    assert said == [f"{name} is no picture that this browser can open." for name in ("<b>.png", "a.png")]


def test_receipts_read_as_in_python(page: Page, packaged_for_web: Path, receipts: dict[str, bytes]) -> None:
    images = [Image.open(io.BytesIO(file)) for file in receipts.values()]
    expected = [reading.text for reading in Reader(packaged_for_web / MODEL, threads=1)(images)]
    page.set_input_files("#files", given(*receipts.items()))
    found = texts(page, len(images))
    same = sum(one == (other if other.strip() else "(nothing)") for one, other in zip(found, expected, strict=True))
    assert same >= 0.995 * len(images)


def test_pixels_are_those_of_pillow(page: Page) -> None:
    """Also of a JPEG, and of a PNG with a gamma that browsers would follow."""
    rows, columns = np.mgrid[0:40, 0:200]
    waves = [127 + 100 * np.sin(columns / 30 + rows / 40 + shift) for shift in (0, 1, 2)]
    image = Image.fromarray(np.dstack(waves).astype(np.uint8))
    jpeg, plain = io.BytesIO(), io.BytesIO()
    image.save(jpeg, "JPEG", quality=80)
    image.save(plain, "PNG")
    chunk = b"gAMA\0\1\x11\x70"
    gamma = b"\0\0\0\4" + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    script = """async ([data, address]) => {
        const { pixelsOf } = await import(address + "pixels.js");
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        return String.fromCharCode(...(await pixelsOf(new Blob([bytes]))).data);
    }"""
    for file in (jpeg.getvalue(), plain.getvalue(), plain.getvalue()[:33] + gamma + plain.getvalue()[33:]):
        pixels = page.evaluate(script, [base64.b64encode(file).decode(), page.url]).encode("latin-1")
        found = np.frombuffer(pixels, np.uint8).reshape(40, 200, 4)[:, :, :3]
        assert np.array_equal(found, np.asarray(Image.open(io.BytesIO(file)).convert("RGB")))


@pytest.fixture
def classifier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of a classifier with a name that must not act."""
    require_npm_package("onnxruntime-web")
    monkeypatch.setenv("CRNN_DEPLOY_CACHE", str(CACHE))
    spec = spec_of({"width": 32, "channels": "RGB"}, task="classify", class_names=("<i>cat</i>", "dog", "owl"))
    model = conv_reader(tmp_path / "conv.onnx", spec.model_copy(update={"name": "<script>{x}</script>"}))
    (tmp_path / "pictures").mkdir()
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
        (tmp_path / "pictures" / f"{number}.png").write_bytes(png(pixels))
    config = PackageConfig(
        model=model.path, target="web", output=tmp_path / "page", data=str(tmp_path / "pictures"), examples=6
    )
    package(config)
    return tmp_path / "page"


def test_a_classifier_names_what_pictures_show(browser: Browser, classifier: Path) -> None:
    image = (classifier / "examples" / "01.png").read_bytes()
    expected = Reader(classifier / MODEL)(image)
    with ready(browser, classifier) as page:
        assert page.inner_text("h1") == "Name what a picture shows"
        assert page.title() == "<script>{x}</script>"
        page.set_input_files("#files", given(("a.png", image)))
        assert texts(page, 1) == [expected.text]
        assert page.inner_text(".sure") == f"{min(99, round(100 * expected.confidence))} % sure"


def test_it_reads_without_its_examples(browser: Browser, packaged_for_web: Path, tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    for name in ("index.html", "page.css", MODEL, "spec.json", "onnxruntime"):
        (tmp_path / "page" / name).symlink_to(packaged_for_web / name)
    for file in packaged_for_web.glob("*.js"):
        if file.name not in ("verify.js", "verifying.js", "png.js"):
            (tmp_path / "page" / file.name).symlink_to(file)
    image = (packaged_for_web / "examples" / "01.png").read_bytes()
    with served(tmp_path / "page") as address, opened(browser, address, PHONE) as (page, _):
        page.wait_for_selector(LOADED)
        page.set_input_files("#files", given(("a.png", image)))
        assert texts(page, 1) == [Reader(packaged_for_web / MODEL)(image).text]
        assert page.is_hidden(".samples")
        assert page.is_disabled("#check")


def test_a_model_that_is_missing_is_told(browser: Browser, packaged_for_web: Path, tmp_path: Path) -> None:
    shutil.copytree(packaged_for_web, tmp_path / "page")
    (tmp_path / "page" / MODEL).unlink()
    with served(tmp_path / "page") as address, opened(browser, address, PHONE) as (page, _):
        page.wait_for_selector(".drop.failed")
        assert "model.onnx cannot be loaded (404)" in page.inner_text("#state")
        assert axe_violations(page) == []


def test_the_folder_is_complete(packaged_for_web: Path) -> None:
    names = {path.relative_to(packaged_for_web).as_posix() for path in packaged_for_web.rglob("*") if path.is_file()}
    runtime = {f"onnxruntime/{name}" for name in ("ort.js", "ort.wasm", "LICENSE", "ThirdPartyNotices.txt")}
    assert names >= runtime | {"index.html", "page.js", "page.css", "crnn-reader.js", "verify.js", MODEL, "README.md"}
    page = (packaged_for_web / "index.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in page
    assert "{" not in page
    own = [name for name in names if name.endswith((".js", ".css", ".html")) and not name.startswith("onnxruntime")]
    assert all("://" not in (packaged_for_web / name).read_text(encoding="utf-8") for name in own)


def test_weights_in_other_files_are_refused(tmp_path: Path) -> None:
    plain = conv_reader(tmp_path / "plain.onnx", spec_of()).path
    (tmp_path / "apart").mkdir()
    path = tmp_path / "apart" / "conv.onnx"
    onnx.save_model(onnx.load(plain), path, save_as_external_data=True, location="w", size_threshold=64)
    with pytest.raises(InputError, match="keeps weights in other files"):
        package(PackageConfig(model=path, target="web", output=tmp_path / "page"))


def test_the_reader_of_the_package_is_small(packaged_for_web: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in packaged_for_web.iterdir() if path.suffix == ".js"}
    assert sum(sizes.values()) < 64_000
    assert (packaged_for_web / MODEL).stat().st_size == READER.stat().st_size
