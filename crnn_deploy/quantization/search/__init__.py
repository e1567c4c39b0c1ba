"""Search for the layers that run in INT8: what each costs, what the accuracy cap allows, what is fastest."""
