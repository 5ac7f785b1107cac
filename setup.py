"""What pyproject.toml cannot say: a wheel brings the examples of `ground.examples`, which a clone has in data/."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

EXAMPLES = ("coordination/table2.toml", "networks/china-province/*")


class BuildWithExamples(build_py):
    """Copies examples from data/ into batteryopt/data/ of what is built; an editable install has them in the clone."""

    def _examples(self) -> list[str]:
        return [str(path) for pattern in EXAMPLES for path in sorted(Path("data").glob(pattern)) if path.is_file()]

    def _place(self, path: str) -> str:
        return str(Path(self.build_lib, "batteryopt", path))

    def run(self) -> None:
        """Build as ever, then copy."""
        super().run()
        if not self.editable_mode:
            for path in self._examples():
                self.mkpath(str(Path(self._place(path)).parent))
                self.copy_file(path, self._place(path))

    def get_source_files(self) -> list[str]:
        """Name the examples for source distributions too."""
        return [*super().get_source_files(), *self._examples()]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """Name what is built."""
        return [*super().get_outputs(include_bytecode), *map(self._place, self._examples())]


setup(cmdclass={"build_py": BuildWithExamples})
