"""What one step of a recurrent layer computes, and whether that is an LSTM or a GRU."""
