"""Divides documents into train, validation and test so that nothing of what is tested has been trained on.

1. Of documents of one id, of one text, or of nearly one text, one stays (`copies.py`).
2. Groups that still hold similar documents become one unit, as far as no unit gets too large (`units.py`).
3. A unit's split is a hash of its name, or the quota of its stratum (`placing.py`).
4. Documents of train that are similar to a held-out one all the same are rejected; with `entity_disjoint` those that
   share a mention too (`entities.py`).

Every choice follows from ids, texts and the seed: the order of the documents does not matter.
"""

from pipeline.duplicates import text_keys
from pipeline.splitting.beside import beside
from pipeline.splitting.division import Division, divide, split
from pipeline.splitting.placing import place
from pipeline.splitting.settings import SPLITS, SplitSettings

__all__ = ["SPLITS", "Division", "SplitSettings", "beside", "divide", "place", "split", "text_keys"]
