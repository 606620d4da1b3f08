"""`pipeline run` over a mailbox: the whole pipeline, its S3 server included, in one process."""

import dataclasses

from . import measuring, places

# What the Ruby original's handlers were measured at, in MB/s; for spreadsheets the best that was seen (0.12 to 0.4).
RUBY_CLEANING = 34
RUBY_SPREADSHEETS = 0.4
RUBY_UNZIPPING = 48


@dataclasses.dataclass
class Mailbox:
    """What is in the emails."""

    emails: int = 0
    email_mb: float = 0
    csv_mb: float = 0
    workbook_mb: float = 0
    unzipped_mb: float = 0

    @classmethod
    def read(cls, inputs):
        box = cls()
        for line in (inputs / "mailbox.tsv").read_text().splitlines():
            kind, email, attached, unzipped = line.split("\t")
            box.emails += 1
            box.email_mb += int(email) / 1e6
            box.unzipped_mb += int(unzipped) / 1e6
            if kind == "csv":
                box.csv_mb += int(attached) / 1e6
            elif kind in ("xlsx", "xls"):
                box.workbook_mb += int(attached) / 1e6
        return box

    def ruby_seconds(self):
        """What the original's handlers would have worked, by its measured rates; emails themselves and cold starts not counted."""
        cleaning = (self.csv_mb + self.unzipped_mb) / RUBY_CLEANING
        return cleaning + self.workbook_mb / RUBY_SPREADSHEETS + self.unzipped_mb / RUBY_UNZIPPING


def measure(inputs, runs, progress):
    """Runs the pipeline so many times, each time over new buckets."""
    result = measuring.Result("pipeline run", ours=True)
    for turn in range(runs):
        progress(f"pipeline run ({turn + 1})")
        command = [str(places.PIPELINE), "run", "--strict", "--data", "{out}/data", str(inputs / "mailbox")]
        try:
            result.runs.append(measuring.run(command, 600))
        except measuring.Failed as failed:
            result.problem = str(failed)
            break
    return result
