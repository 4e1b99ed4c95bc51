"""`python -m app.devices.agent --server URL --token-file FILE`."""

import sys

from app.devices.agent.program import main

sys.exit(main(sys.argv[1:]))
