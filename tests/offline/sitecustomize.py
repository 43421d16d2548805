"""Imported by Python at start when this folder is on PYTHONPATH; see guard.py."""

import os

import guard

if guard.LOG_VARIABLE in os.environ:
    guard.install()
