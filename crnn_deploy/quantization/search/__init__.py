"""Which layers run in INT8: what each costs, what the budget allows, what is fastest."""
