"""Charts as plain data."""

from penchant.results.graph.curves import lines, reliability, time_series
from penchant.results.graph.fields import heat_map, points, scatter
from penchant.results.graph.named import bars, histogram, intervals, words
from penchant.results.graph.records import ChartSeries, Graph, Mark

__all__ = [
    "ChartSeries",
    "Graph",
    "Mark",
    "bars",
    "heat_map",
    "histogram",
    "intervals",
    "lines",
    "points",
    "reliability",
    "scatter",
    "time_series",
    "words",
]
