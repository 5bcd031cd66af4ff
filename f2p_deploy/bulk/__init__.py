"""Make characters from thousands of photos into Parquet files: `f2p-deploy batch`."""
