"""TensorRT's measurements of earlier builds, kept so that the next build need not repeat them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from crnn_deploy.cache_limit import cache_place, limit_cache, mark_used
from crnn_deploy.engine.flavors import Flavor
from crnn_deploy.files import replacing

CacheUse = Literal["none", "created", "used"]


class TimingCache:
    """The cache file of one flavor, version and set of GPUs: measurements of others do not apply."""

    def __init__(self, flavor: Flavor, targets: tuple[str, ...]) -> None:
        self._flavor = flavor
        parts = (flavor.name, flavor.trt.__version__, *targets)
        name = "-".join(re.sub(r"[^\w.]", "_", part) for part in parts)
        self.path: Path = cache_place("timing") / f"{name}.cache"

    def load(self, config: Any) -> CacheUse:
        """Load the cache into a builder's configuration; returns whether there was one.

        A file that TensorRT refuses, such as a damaged one, counts as none.
        """
        if not self._flavor.has_timing_cache:
            return "none"
        content = self.path.read_bytes() if self.path.is_file() else b""
        if content and self._set(config, content):
            mark_used(self.path)
            return "used"
        self._set(config, b"")
        return "created"

    @staticmethod
    def _set(config: Any, content: bytes) -> bool:
        cache = config.create_timing_cache(content)
        return cache is not None and bool(config.set_timing_cache(cache, ignore_mismatch=False))

    def save(self, config: Any) -> None:
        """Save the cache after a build."""
        if self._flavor.has_timing_cache:
            with replacing(self.path, force=True) as temporary:
                temporary.write_bytes(bytes(config.get_timing_cache().serialize()))
            limit_cache(self.path)
