"""What a reader sees: tables, pictures, and the report as one HTML file."""
