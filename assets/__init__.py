"""The Dagster graph, thin: one builder a stage; gates become checks. Only Dagster, the CLI and tests import it."""
