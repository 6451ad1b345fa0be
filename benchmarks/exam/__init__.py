"""What the benchmarks on phantoms share: answers that are kept, tables, pictures of failures."""
