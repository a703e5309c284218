"""Jobs over large amounts of text in Parquet: each partition is tagged and written separately."""
