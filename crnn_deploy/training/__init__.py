"""Training: one loop, its losses and schedules, and the verbs `train` and `distill`."""
