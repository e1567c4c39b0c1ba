"""What a model file is: its spec, parameters, multiply-accumulates, number formats and history."""
