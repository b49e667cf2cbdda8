"""An independent recomputation of the snapshot: plain loops over the final set of distinct events.

Imports nothing of the product. Read `snapshot.py` first: it lists what the texts leave open.
"""
