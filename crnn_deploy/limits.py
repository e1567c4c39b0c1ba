"""Limits on what a file can claim about itself.

A claim is checked here before memory or time is spent on it, so that a file that lies is refused in under a second.
The limits are far above what real models and data sets need. Sizes are in bytes unless the name says otherwise.
"""

from __future__ import annotations

# YAML and JSON
MAX_YAML = 1 << 21  # a recipe or a spec with a charset of its own; a dictionary of 20,000 characters has 200 kB
MAX_YAML_VALUES = 70_000  # with all aliases written out; Unicode's first plane has 65,536 characters
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
MAX_NGRAM = 16  # characters
MAX_SYMBOLS = (1 << 16) - 1  # different characters of a language model
MAX_NGRAM_TABLE = 1 << 21  # characters of its packed table
MAX_HEIGHT = 1024  # pixels of the input; OCR models take 32 to 128
MAX_WIDTH = 1 << 16  # pixels of the input
MAX_MARGIN = 1024  # pixels beside a line
MAX_SEEN_STILLS = 1024  # of a clip, by a network
MAX_CLIP_PIXELS = 1 << 23  # of the input for the longest clip: 160 stills of 224×224 pixels
MAX_VECTOR = 4096  # numbers beside a picture
MAX_INPUT_PIXELS = 1 << 22  # of the input for the narrowest line
SMALLEST_STD = 1e-6  # pixels are 0 to 1: a smaller deviation makes numbers that FP32 and FP16 can't hold
LEAST_TEMPERATURE = 0.01  # of confidences
MAX_TEMPERATURE = 100.0  # of confidences; those that are fitted are between 0.5 and 16
LARGEST_NORM = 1e6  # of a mean or a deviation

# Architectures
MAX_CHANNELS = 4096  # of a convolution
MAX_HIDDEN = 4096  # units of a recurrent layer; a matrix of that size has 200 MB
MAX_LAYERS = 16  # recurrent layers
MAX_FEATURES = 1 << 16  # of a frame; a column of 512 channels and 32 rows has a quarter of it
MAX_KERNEL = 64  # pixels of a kernel, a stride or a margin
MAX_LISTED_LAYERS = 512  # of a network that is listed layer by layer
MAX_NESTED = 64  # layers in a branch
MAX_POINTS = 256  # of a spline that straightens a line

# Checkpoints
MAX_EXPANSION = 4  # how many times what is stored the tensors of a file, or its unpacked members, may be
SMALL_EXPANSION = 1 << 26  # and this more
MAX_FOREIGN = 200  # classes besides tensors that a checkpoint may name
MAX_NEIGHBOURS = 50  # files beside a checkpoint that are read in search of its charset
MAX_MESSAGE_FIELDS = 10_000  # of a protobuf message; a network has one for each of its layers
MAX_STORED_ARRAYS = 4096  # in an HDF5 file; a network of 512 layers has at most 3,072
MAX_HDF5_SECONDS = 2  # of a processor to read an HDF5 file, besides one for each 64 MiB
MAX_HDF5_MEMORY = 1 << 28  # to read an HDF5 file, besides four times its size
MAX_SOURCE = 1 << 22  # the Python file with a user's own network

# Images
MAX_IMAGE_PIXELS = 1 << 26  # from the header: a sheet of A3 at 600 dpi has about as many
MAX_CENTERED_HEIGHT = 512  # pixels of a line whose center line is looked for; higher ones are made smaller before
MAX_STILLS = 10_000  # of a clip: 5 minutes of video
MAX_VIDEO_PIXELS = 1 << 35  # of all stills of a video: 10,000 of 1920×1080 have 60 % of it
MAX_LINE_PIECES = 16  # that a line is cut into; what is longer is squeezed

# Data sets
MAX_LABEL_FILE = 1 << 30  # ten million lines have about half of it
MAX_LABEL = 1 << 16  # one line of a label file, or one label of an LMDB
MAX_TEXT_FILE = 1 << 26  # lines to render
MAX_RENDERED_LINE = 1000  # characters
MAX_IMAGE_FILE = 100 << 20  # one encoded image
MAX_CLASS_FILE = 1 << 25  # a classes.txt
MAX_ARRAY = 1 << 34  # an array of an NPZ or IDX file, as it lies in memory
MAX_INFLATION = 200  # how many times larger than its compressed bytes an array, or a file of a .zip, may be
SMALL_INFLATION = 1 << 26  # what it may inflate to in any case
MAX_ARRAY_HEADER = 10_000  # of a .npy array in an NPZ file
MAX_CIFAR_FILE = 1 << 28  # the images of a part of CIFAR; those of CIFAR-100 have 154 MB
MAX_TAR_HEADER = 1 << 16  # a long name or an extended header of one member
MAX_ROW_GROUP = 1 << 30  # images of a row group of a Parquet file
MAX_KEPT_ROWS = 1 << 29  # images of row groups that are kept for the next image
MAX_PAGE_FILE = 1 << 26  # the PAGE or ALTO XML of one page
MAX_LMDB_DEPTH = 4  # folders below the given one in which LMDBs are found

# ONNX
MAX_ONNX = 2**31 - 1  # without external data: protobuf holds no more
MAX_NODES = 20_000  # with branches and loop bodies, and functions written out; real models have hundreds
MAX_FUNCTION_DEPTH = 100  # functions that call each other; ONNX's own inliner has this limit
MAX_AXES = 32  # of a tensor
MAX_AXIS = 2**31 - 1  # size of one axis of a stored tensor
MAX_ELEMENTS = 2**28  # of a computed tensor, where constants fix its size: 1 GiB in FP32
MAX_TRIAL_SECONDS = 8  # for the first small image that a model runs: a loop in the graph may have no end
