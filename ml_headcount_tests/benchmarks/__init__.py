"""Speed and memory: ``python -m ml_headcount_tests.benchmarks`` measures and prints ratios."""
