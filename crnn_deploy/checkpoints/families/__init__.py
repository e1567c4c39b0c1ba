"""One file for each family of third-party recognisers: how it is recognised, and what its weights and files say."""
