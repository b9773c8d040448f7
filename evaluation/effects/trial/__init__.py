"""Target trial by cloning, censoring and weighting, without ever writing the clones down."""
