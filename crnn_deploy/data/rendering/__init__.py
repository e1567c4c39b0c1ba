"""Lines of text drawn from installed fonts: data for those who have none yet."""

from crnn_deploy.data.rendering.options import RenderOptions
from crnn_deploy.data.rendering.render import render_lines

__all__ = ["RenderOptions", "render_lines"]
