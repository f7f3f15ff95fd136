"""From a published protocol to the classes of `realtime_sdk.protocol`; not shipped.

Pure passes around one call of datamodel-code-generator:
capture → overlay → normalise → models → registry. Each pass is one module and takes and gives values.
"""
