"""Which student to train: a catalogue, measured on this machine, and the largest that keeps a budget."""
