"""Choice of a student: a catalogue, its measurement on this machine, and the largest student within a budget."""
