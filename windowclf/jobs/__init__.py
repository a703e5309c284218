"""Much text as a job: partitions of Parquet, each tagged and written by itself."""
