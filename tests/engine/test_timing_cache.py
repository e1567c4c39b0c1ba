"""What was measured once is kept, apart for each version and GPU."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crnn_deploy.cache_limit import LIMIT_VARIABLE, cache_entries
from crnn_deploy.engine.timing_cache import TimingCache


class Config:
    """A builder's configuration that refuses caches that begin with `damaged`."""

    def __init__(self, learnt: bytes = b"measured") -> None:
        self.given: bytes | None = None
        self._learnt = learnt

    def create_timing_cache(self, content: bytes) -> bytes:
        return content

    def set_timing_cache(self, cache: bytes, ignore_mismatch: bool) -> bool:
        assert not ignore_mismatch
        self.given = cache
        return not cache.startswith(b"damaged")

    def get_timing_cache(self) -> Any:
        return SimpleNamespace(serialize=lambda: self._learnt)


def timing_cache(version: str = "10.3", target: str = "sm89", measures: bool = True) -> TimingCache:
    trt = SimpleNamespace(__version__=version)
    flavor: Any = SimpleNamespace(name="tensorrt", trt=trt, has_timing_cache=measures)
    return TimingCache(flavor, (target,))


def test_the_second_build_uses_what_the_first_measured(cache: Path) -> None:
    first = Config()
    assert timing_cache().load(first) == "created"
    assert first.given == b""
    timing_cache().save(first)
    second = Config()
    assert timing_cache().load(second) == "used"
    assert second.given == b"measured"
    assert cache in timing_cache().path.parents


def test_other_versions_and_gpus_have_their_own() -> None:
    timing_cache().save(Config())
    assert timing_cache(version="11.0").load(Config()) == "created"
    assert timing_cache(target="sm90").load(Config()) == "created"


def test_caches_of_other_gpus_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "0")
    for target in ("sm89", "sm90"):
        timing_cache(target=target).save(Config())
    assert [entry.path for entry in cache_entries("timing")] == [timing_cache(target="sm90").path]


def test_a_damaged_file_is_as_good_as_none() -> None:
    timing_cache().save(Config(b"damaged"))
    config = Config()
    assert timing_cache().load(config) == "created"
    assert config.given == b""


def test_a_library_that_measures_nothing_gets_none() -> None:
    config = Config()
    cache = timing_cache(measures=False)
    assert cache.load(config) == "none"
    cache.save(config)
    assert config.given is None
    assert not cache.path.exists()
