"""Small networks, few labels: which transfer strategy to use, and how sure that is."""
