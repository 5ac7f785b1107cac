"""``python -m batteryopt`` is the command ``batteryopt``."""

from batteryopt.cli import main

if __name__ == "__main__":
    main()
