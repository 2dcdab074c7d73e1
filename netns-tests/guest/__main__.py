"""in-kernel, as a program."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from guest.command import main

sys.exit(main())
