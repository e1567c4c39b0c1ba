"""Networks: third-party families, CRNNs, MobileNet-GRU students, and the registry that builds them from a spec."""

from crnn_deploy.models.assembly import FAMILIES, build, load_model, stride_of
from crnn_deploy.models.crnn import CrnnFamily, CrnnOptions, crnn_spec
from crnn_deploy.models.student import StudentChoice, StudentFamily, StudentOptions, student_spec

__all__ = [
    "FAMILIES",
    "CrnnFamily",
    "CrnnOptions",
    "StudentChoice",
    "StudentFamily",
    "StudentOptions",
    "build",
    "crnn_spec",
    "load_model",
    "stride_of",
    "student_spec",
]
