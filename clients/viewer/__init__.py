"""The viewer in the browser: `m2t3 view`. Needs viser, the extra "view", only when it runs."""
