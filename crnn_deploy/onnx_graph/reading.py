"""The one entrance of ONNX files: what passes here is sound, with its external data loaded."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx.external_data_helper import load_external_data_for_model

from crnn_deploy.errors import InputError
from crnn_deploy.onnx_graph.computed_sizes import check_computed_sizes
from crnn_deploy.onnx_graph.external_data import external_files, parse
from crnn_deploy.onnx_graph.functions import check_functions
from crnn_deploy.onnx_graph.structure import check_structure, check_text, sort_nodes
from crnn_deploy.onnx_graph.tensors import check_tensors, check_weights


def read_sound(path: Path) -> onnx.ModelProto:
    """Parse a model with its external data, and check it; its nodes are in the order that ONNX demands.

    Raises:
        InputError: if it is broken, claims more than it holds, or holds numbers that are no weights.
    """
    model = parse(path)
    if not model.graph.node:
        raise InputError(f"{path} is not an ONNX model: it holds no graph.", fix="Check the file.")
    try:
        if external_files(model, path):
            load_external_data_for_model(model, str(path.parent))
        check_text(model)
        check_functions(model)
        check_tensors(model)
        check_structure(model)
        check_weights(model)
        sort_nodes(model.graph)
        check_computed_sizes(model)
    except InputError as error:
        named = error.what if str(path) in error.what else f"{path}: {error.what}"
        raise InputError(named, error.cause, error.fix) from None
    except (OSError, ValueError, onnx.checker.ValidationError) as error:  # of external data
        raise InputError(f"The external data of {path} cannot be read.", str(error), "Save the model again.") from None
    return model
