"""Reports: one set of figures as terminal table, JSON, Markdown and a self-contained HTML page."""
