"""The store as a Dagster resource."""

import dagster as dg

from pipeline.store import Store


class StoreResource(dg.ConfigurableResource[Store]):
    """Opens the store at a URL: a folder or any fsspec URL."""

    url: str

    def open(self) -> Store:
        """The store."""
        return Store(self.url)
