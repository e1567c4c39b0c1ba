"""What TensorRT measured in earlier builds, kept so that the next one need not measure it again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from crnn_deploy.engine.flavors import Flavor
from crnn_deploy.files import cache_folder, replacing

CacheUse = Literal["none", "created", "used"]


class TimingCache:
    """The cache file of one flavor, version and set of GPUs: what was measured elsewhere would mislead."""

    def __init__(self, flavor: Flavor, targets: tuple[str, ...]) -> None:
        self._flavor = flavor
        parts = (flavor.name, flavor.trt.__version__, *targets)
        name = "-".join(re.sub(r"[^\w.]", "_", part) for part in parts)
        self.path: Path = cache_folder() / "timing" / f"{name}.cache"

    def load(self, config: Any) -> CacheUse:
        """Give what is known to a builder's configuration, and say whether that is anything.

        A file that TensorRT refuses, as one that is damaged, is as good as none.
        """
        if not self._flavor.has_timing_cache:
            return "none"
        known = self.path.read_bytes() if self.path.is_file() else b""
        if known and self._set(config, known):
            return "used"
        self._set(config, b"")
        return "created"

    @staticmethod
    def _set(config: Any, content: bytes) -> bool:
        cache = config.create_timing_cache(content)
        return cache is not None and bool(config.set_timing_cache(cache, ignore_mismatch=False))

    def save(self, config: Any) -> None:
        """Keep what is known after a build."""
        if self._flavor.has_timing_cache:
            with replacing(self.path, force=True) as temporary:
                temporary.write_bytes(bytes(config.get_timing_cache().serialize()))
