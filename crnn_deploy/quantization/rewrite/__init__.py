"""Edits from the FP32 graph to the INT8 graph: layers and plans, Q/DQ, recurrent ops, small files."""
