"""A library that is another name for one that is loaded."""

from __future__ import annotations

import ctypes
import math
import sys
from pathlib import Path

import pytest

from crnn_deploy.engine.alias_library import alias_library

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs the loader of Linux")


def test_it_is_found_by_its_name_and_leads_to_the_other(tmp_path: Path) -> None:
    name = "libcrnn_deploy_test_alias.so"
    with pytest.raises(OSError, match=name):
        ctypes.CDLL(name)
    file = tmp_path / "elsewhere.so"
    file.write_bytes(alias_library(name, "libm.so.6"))
    ctypes.CDLL(str(file))
    cosine = ctypes.CDLL(name).cos
    cosine.restype, cosine.argtypes = ctypes.c_double, [ctypes.c_double]
    assert cosine(1.0) == math.cos(1.0)


def test_a_missing_library_is_told(tmp_path: Path) -> None:
    file = tmp_path / "alias.so"
    file.write_bytes(alias_library("libcrnn_deploy_other_alias.so", "libnowhere.so.7"))
    with pytest.raises(OSError, match=r"libnowhere\.so\.7"):
        ctypes.CDLL(str(file))
