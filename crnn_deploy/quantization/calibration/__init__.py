"""The range of each activation that INT8 covers: images, histograms of activations, calibrators."""
