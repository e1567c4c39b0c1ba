"""Which range of each activation INT8 covers: images, histograms of activations, calibrators."""
