"""Speed: latency in interleaved rounds, sizes, and speed-ups within one run."""
