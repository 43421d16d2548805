"""Pictures for people: coloured maps, overlays, histograms."""
