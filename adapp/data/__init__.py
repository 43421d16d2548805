"""Pictures in: one loader, data set readers, synthetic anomalies."""
