"""The report of a run: report.md with the tables, and report.svg beside it."""

import datetime
import os
import pathlib
import platform
import subprocess

import plot


def _first(path, beginning, default):
    """What stands behind the beginning of a line of a file, and a separator."""
    try:
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            if line.startswith(beginning):
                return line[len(beginning):].lstrip("\t :=").strip('"')
    except OSError:
        pass
    return default


def machine():
    """One line about where this runs."""
    memory_kb = int(_first("/proc/meminfo", "MemTotal", "0 kB").split()[0])
    return (f"{os.cpu_count()} processors {_first('/proc/cpuinfo', 'model name', 'of no name')}, "
            f"{memory_kb / 1e6:.1f} GB, {_first('/etc/os-release', 'PRETTY_NAME', 'Linux')}, "
            f"Linux {platform.release()}")


def version(program):
    done = subprocess.run([program, "version"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "mqcluster"


class Report:
    """Gathers what the benches found and writes it after each of them, so that a run that is
    stopped leaves what it has."""

    TITLE = "mqcluster beside its peers"

    def __init__(self, folder, program):
        self.folder = folder
        self.date = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %z")
        self.about = [f"{version(program)}, {self.date}", machine()]
        self.rows = []
        self.tables = []

    def add(self, bench, rows, table):
        self.rows += rows
        self.tables.append(f"## {bench.NAME}\n\n{bench.WHAT[0].upper()}{bench.WHAT[1:]}.\n\n"
                           f"{table}")

    def write(self, notes):
        """Returns the paths of what it wrote."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = self.folder / "report.md"
        image = self.folder / "report.svg"
        drawn = plot.draw(self.rows, self.TITLE, self.about)
        parts = [f"# {self.TITLE}", "  \n".join(self.about)]
        if drawn is not None:
            image.write_text(drawn, encoding="utf-8")
            parts.append(f"![Events per second and latency]({image.name})")
        else:
            image.unlink(missing_ok=True)
        parts += [*self.tables, "## Notes", "\n".join(f"- {note}" for note in notes)]
        text.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        return [text, image] if drawn is not None else [text]
