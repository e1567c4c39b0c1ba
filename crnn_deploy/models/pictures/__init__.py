"""Networks that name what is in a picture: convolutions make a sequence of it, which recurrent layers read."""
