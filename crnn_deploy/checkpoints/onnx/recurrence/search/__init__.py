"""Where layers are found: in bodies of loops, and in traces of all steps."""
