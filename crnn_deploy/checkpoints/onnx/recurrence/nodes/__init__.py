"""The nodes that a layer becomes, and what is made simpler around them."""
