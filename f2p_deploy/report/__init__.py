"""Pages of measurements: tables, curves and pictures as one HTML file."""
