"""What happens to a text. Nothing below here imports Dagster."""
