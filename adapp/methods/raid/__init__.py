"""RAID: retrieval-augmented anomaly detection."""
