"""Limits on what a file can claim about itself.

A claim is checked here before memory or time is spent on it, so that a file that lies is refused in under a second.
The limits are far above what real models and data sets need. Sizes are in bytes unless the name says otherwise.
"""

from __future__ import annotations

# YAML and JSON
MAX_YAML = 1 << 21  # a recipe or a spec with a charset of its own; a dictionary of 20,000 characters has 200 kB
MAX_YAML_VALUES = 150_000  # with all aliases written out
MAX_JSON = 1 << 23  # a spec, a report, or what stands beside an engine
MAX_DEPTH = 64  # levels of lists and mappings in each other
MAX_DIGITS = 300  # of a number; a float has no more before the point
MAX_VARIABLES = 1 << 21  # characters that the variables of a recipe may add to it

# Specs
MAX_TEXT = 1024  # characters of a name of a model, a class or a data set
MAX_CLASS_TEXT = 64  # characters that one class of a charset stands for
MAX_CLASSES = 1 << 17  # Unicode has 155,000 characters in all; PP-OCR reads 18,710
MAX_LINEAGE = 1000  # stages
MAX_FIGURES = 1000  # of one data set, and data sets
MAX_HEIGHT = 1024  # pixels of the input; OCR models take 32 to 128
MAX_WIDTH = 1 << 16  # pixels of the input
MAX_INPUT_PIXELS = 1 << 22  # of the input for the narrowest line
SMALLEST_STD = 1e-6  # pixels are 0 to 1: a smaller deviation makes numbers that FP32 and FP16 can't hold
LARGEST_NORM = 1e6  # of a mean or a deviation

# Architectures
MAX_CHANNELS = 4096  # of a convolution
MAX_HIDDEN = 4096  # units of a recurrent layer; a matrix of that size has 200 MB
MAX_LAYERS = 16  # recurrent layers

# Checkpoints
MAX_EXPANSION = 4  # how many times what is stored the tensors of a file, or its unpacked members, may be
SMALL_EXPANSION = 1 << 26  # and this more
MAX_SOURCE = 1 << 22  # the Python file with a user's own network

# Images
MAX_IMAGE_PIXELS = 1 << 26  # from the header: a sheet of A3 at 600 dpi has about as many
MAX_LINE_PIECES = 16  # that a line is cut into; what is longer is squeezed

# Data sets
LABEL_FILE_BYTES = 1 << 30
"""A file of labels; ten million lines have about half of it."""
LABEL_LINE_BYTES = 1 << 16
"""One line of a file of labels, or one label of an LMDB."""
IMAGE_FILE_BYTES = 100 << 20
"""One encoded image."""
CLASSES = 100_000
"""Classes of a set, and so the largest class number; ImageNet-21k has 21,841."""
CLASS_NAME_BYTES = 256
"""The name of a class, on average."""
ARRAY_BYTES = 16 << 30
"""An array of an NPZ or IDX file, as it lies in memory."""
INFLATED_FREELY = 64 << 20
"""What a compressed array may inflate to, whatever its compressed size is; above it, INFLATION holds."""
INFLATION = 200
"""How many times larger than its compressed bytes an array may be."""
ARRAY_HEADER_BYTES = 10_000
"""The header of a .npy array in an NPZ file."""
TAR_HEADER_BYTES = 1 << 16
"""A long name or an extended header of one member of a tar archive."""
LMDB_FOLDER_DEPTH = 4
"""How many folders below the given one are searched for LMDBs."""
