"""Where an answer came from: saliency of classes and characters, by occlusion or by gradients."""
