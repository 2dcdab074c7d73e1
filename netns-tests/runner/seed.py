"""SEED, by which the tests choose what fails: PIFD_SEED in the environment, so that a run can be repeated."""

import os
import random

SEED = os.environ.get("PIFD_SEED") or str(random.randrange(10**6))
