"""H2VLR: heterogeneous hypergraph vision-language reasoning."""
