"""`pipeline serve` is killed a hundred times under load, and loses nothing that it has answered for."""

import random
import smtplib
import threading
import time

from conftest import READINGS, email, wait_until

KILLS = 100
SENDERS = 3
# The longest time between a start and a kill; the sum of all is what the test takes.
LONGEST_LIFE_SECONDS = 1.0


class Sender(threading.Thread):
    """Sends emails, each until it is answered for, as a mail server does; and now and then one that becomes a reject."""

    def __init__(self, number, serve, over):
        super().__init__()
        self.number = number
        self.serve = serve
        self.over = over
        self.delivered = []
        self.rejected = []
        self.unexpected = []

    def run(self):
        count = 0
        while not self.over.is_set():
            name = f"{self.number}-{count}.csv"
            is_bad = count % 5 == 4
            content = "<!DOCTYPE html><html>503</html>" if is_bad else READINGS
            try:
                self.serve.send(email(name, content))
            except (OSError, smtplib.SMTPException) as error:
                if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code not in (-1, 421, 451):
                    self.unexpected.append(error)
                time.sleep(0.01)
                continue
            (self.rejected if is_bad else self.delivered).append(f"sheffield/{name}")
            count += 1


def is_worked_off(serve):
    waiting = sum(len(serve.keys(role)) for role in ["process", "uncompressed", "spreadsheet"])
    # Each email has a receipt, and so has each file that was made of one.
    return waiting == 0 and len(serve.keys("receipts")) >= len(serve.keys("inbox"))


def test_a_hundred_kills_under_load_lose_nothing_and_nothing_is_done_twice(make_serve):
    dice = random.Random(7)
    serve = make_serve("--mend-every", "1").start()
    over = threading.Event()
    senders = [Sender(number, serve, over) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        for _ in range(KILLS):
            time.sleep(dice.random() * dice.random() * LONGEST_LIFE_SECONDS)
            serve.kill()
            serve.start()
    finally:
        over.set()
        for sender in senders:
            sender.join()
    delivered = {key for sender in senders for key in sender.delivered}
    rejected = {key for sender in senders for key in sender.rejected}
    assert [sender.unexpected for sender in senders] == [[]] * SENDERS
    print(f"{KILLS} kills, {len(delivered) + len(rejected)} emails answered for, {len(serve.keys('inbox'))} stored")
    assert len(delivered) > KILLS / 2
    wait_until(
        "the last file",
        lambda: delivered <= set(serve.keys("amr-data")) and rejected <= set(serve.keys("unprocessable")) and is_worked_off(serve),
    )
    # A second delivery would have the time in its key. Beside what was answered for there may be the last email of each sender, whose answer was
    # lost.
    for role, answered in [("amr-data", delivered), ("unprocessable", rejected)]:
        keys = serve.keys(role)
        assert all(key.count("/") == 1 for key in keys), keys
        assert len(set(keys) - answered) <= SENDERS
    assert serve.stop() == 0
