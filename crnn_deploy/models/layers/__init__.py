"""A network as a list of layers: how the recognisers of others are held, whatever their code looks like."""
