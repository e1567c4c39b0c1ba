"""The FP32 graph and what is made of it: layers, Q/DQ, recurrent ops, small files."""
