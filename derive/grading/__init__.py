"""One answer against one derivation: read, judged, explained."""
