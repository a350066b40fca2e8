"""What a chart's specification holds, for the tests of charts."""

from typing import Any

import altair as alt


def layers_of(chart: alt.Chart | alt.LayerChart) -> list[dict[str, Any]]:
    """A chart's layers in the order they are drawn, each with its `rows`; a plain chart is one layer."""
    spec = chart.to_dict()
    found: list[dict[str, Any]] = []

    def collect(part: dict[str, Any], data: dict[str, Any]) -> None:
        data = part.get("data", data)
        if "layer" in part:
            for inner in part["layer"]:
                collect(inner, data)
            return
        rows = data["values"] if "values" in data else spec["datasets"][data["name"]]
        found.append({**part, "rows": rows})

    collect(spec, {})
    return found


def marked(chart: alt.Chart | alt.LayerChart, mark: str) -> list[dict[str, Any]]:
    """The layers drawn with that kind of mark."""
    return [layer for layer in layers_of(chart) if layer["mark"]["type"] == mark]


def colors_by_name(layer: dict[str, Any]) -> dict[str, str]:
    """The colour that a layer's scale gives each name."""
    scale = layer["encoding"]["color"]["scale"]
    return dict(zip(scale["domain"], scale["range"], strict=True))
