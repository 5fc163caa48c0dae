"""Which texts are the same, and which are nearly.

Same: after NFKC and case folding, without white space (`text_keys`). Near: the Jaccard similarity of the sets of their
shingles (`shingles.py`) is at least a limit. `sketch` prepares texts once; `thinned`, `similar` and `nearest` ask.
"""

from pipeline.duplicates.exact import repeated_keys, text_keys
from pipeline.duplicates.near import Pairs, Sketch, jaccard, nearest, similar, sketch, thinned

__all__ = ["Pairs", "Sketch", "jaccard", "nearest", "repeated_keys", "similar", "sketch", "text_keys", "thinned"]
