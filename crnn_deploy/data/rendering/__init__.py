"""Lines of text drawn from installed fonts: data for those who have none yet."""
