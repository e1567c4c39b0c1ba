"""Labels beside the points of a plot, placed so that they cover neither points nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crnn_deploy.escaping import visible
from crnn_deploy.report.canvas import any_script

# Offsets in points, horizontal and vertical alignment: the nearest comfortable place first.
PLACES = tuple(
    place
    for step in (0, 12, 24, 36)
    for place in (
        (9 + step / 2, step, "left", "center"),
        (-9 - step / 2, step, "right", "center"),
        (9 + step / 2, -step, "left", "center"),
        (-9 - step / 2, -step, "right", "center"),
        (0, 12 + step, "center", "bottom"),
        (9, 12 + step, "right", "bottom"),
        (-9, 12 + step, "left", "bottom"),
        (0, -12 - step, "center", "top"),
    )
)
POINT_RADIUS = 7


@any_script()
def place_labels(
    axes: Any,
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    weights: Sequence[str],
    colour: str,
    obstacles: Sequence[Any],
) -> None:
    """Annotate each point with its name, at the first place that overlaps nothing and stays inside the axes.

    Args:
        points: data coordinates.
        weights: font weight by label.
        obstacles: artists already drawn that labels must not cover.
    """
    from matplotlib.transforms import Bbox

    axes.figure.draw_without_rendering()  # settles the layout, so that positions are final
    taken = [artist.get_window_extent() for artist in obstacles]
    for x, y in axes.transData.transform(points):
        taken.append(Bbox.from_extents(x - POINT_RADIUS, y - POINT_RADIUS, x + POINT_RADIUS, y + POINT_RADIUS))
    taken += [line.get_window_extent() for container in axes.containers for line in container.lines[2]]
    for point, name, weight in zip(points, names, weights, strict=True):
        label = axes.annotate(
            visible(name),
            point,
            (0, 0),
            textcoords="offset points",
            fontsize=9,
            color=colour,
            fontweight=weight,
            parse_math=False,
        )
        taken.append(_settle(label, taken, axes.get_window_extent()))


def _settle(label: Any, taken: Sequence[Any], frame: Any) -> Any:
    """Move the label to its best place and return the box that it takes there."""

    def badness(place: tuple[float, float, str, str]) -> tuple[bool, int]:
        box = _move(label, place)
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
        return not inside, sum(box.overlaps(other) for other in taken)

    return _move(label, min(PLACES, key=badness))


def _move(label: Any, place: tuple[float, float, str, str]) -> Any:
    x, y, horizontal, vertical = place
    label.set(position=(x, y), ha=horizontal, va=vertical)
    return label.get_window_extent()
