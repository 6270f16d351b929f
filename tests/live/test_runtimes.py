#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stripped BoringSSL and rustls as people run them: a few rows of tests/agents/test_matrix.py, of
runtimes that are fetched from npm (90 MB), so that the gate sees them too."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "agents"), HERE, os.path.join(HERE, "..", "common")]
os.environ.setdefault("SHORT", "5")
sys.argv[1:] = sys.argv[1:] or ["Bun 1.4.5", "Deno 2.9.6", "Deno 2.2.0"]
import test_matrix

sys.exit(test_matrix.main())
