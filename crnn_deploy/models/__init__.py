"""Networks: third-party families, MobileNet-GRU students, and the registry that builds them from a spec."""

from crnn_deploy.models.assembly import FAMILIES, build, load_model
from crnn_deploy.models.student import STRIDE, StudentFamily, StudentOptions, student_spec

__all__ = ["FAMILIES", "STRIDE", "StudentFamily", "StudentOptions", "build", "load_model", "student_spec"]
