"""Lines of text rendered in installed fonts, for users who have no data yet."""
