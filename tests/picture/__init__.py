"""A picture of the Grafana dashboard, drawn from real data where there is no Grafana."""
