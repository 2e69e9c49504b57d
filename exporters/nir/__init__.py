"""NIR: torch to graph, graph to file and back, and a float64 executor of the graph."""
