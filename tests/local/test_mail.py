"""Mail programs of others send to `pipeline serve`."""

import smtplib
import subprocess

import pytest
from conftest import READINGS, email, wait_until


def swaks(serve, *args):
    command = ["swaks", "--server", serve.endpoint["smtp"], "--from", "meter@supplier.example", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_swaks_sends_a_file_and_it_becomes_a_csv(serve, tmp_path):
    (tmp_path / "march.csv").write_text(READINGS)
    sent = swaks(serve, "--to", "sheffield@example.org", "--attach-name", "march.csv", "--attach", f"@{tmp_path}/march.csv")
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert serve.wait_for("amr-data", "sheffield/march.csv") == READINGS


def test_swaks_pipelines_and_its_hidden_copies_arrive(serve, tmp_path):
    (tmp_path / "march.csv").write_text(READINGS)
    sent = swaks(
        serve, "--pipeline", "--to", "sheffield@example.org,bam@example.org", "--header-To", "office@supplier.example",
        "--attach-name", "march.csv", "--attach", f"@{tmp_path}/march.csv",
    )
    assert sent.returncode == 0, sent.stdout + sent.stderr
    serve.wait_for("amr-data", "sheffield/march.csv")
    serve.wait_for("amr-data", "bam/march.csv")
    assert len(serve.keys("inbox")) == 1


def test_smtplib_sends_and_every_recipient_of_the_envelope_counts(serve):
    areas = [f"area-{number}" for number in range(20)]
    serve.send(email(to="someone@else.example"), to=[f"{area}@example.org" for area in areas])
    wait_until("20 CSVs", lambda: len(serve.keys("amr-data")) == 20)
    assert serve.keys("amr-data") == sorted(f"{area}/import.csv" for area in areas)


def test_smtplib_sends_several_emails_by_one_connection_and_utf_8_addresses(serve):
    with serve.smtp() as smtp:
        smtp.send_message(email("1.csv"))
        smtp.send_message(email("2.csv", to="bühne@example.org"))
    serve.wait_for("amr-data", "sheffield/1.csv")
    serve.wait_for("amr-data", "bühne/2.csv")


def test_an_email_is_stored_byte_for_byte(serve):
    raw = b"Subject: a\r\n\r\n.\r\n..\r\n.a\r\n\xff\x00b\r\n"
    with serve.smtp() as smtp:
        smtp.sendmail("meter@supplier.example", ["sheffield@example.org"], raw)
    [key] = serve.keys("inbox")
    assert (serve.bucket("inbox") / key).read_bytes().endswith(b"\r\n" + raw)


def test_an_email_of_more_than_40_mib_is_refused_before_and_after_it_was_sent(serve):
    with serve.smtp() as smtp:
        smtp.ehlo()
        assert smtp.esmtp_features["size"] == str(40 * 1024 * 1024)
        assert smtp.mail("a@b.example", ["SIZE=41943041"])[0] == 552
        smtp.mail("a@b.example")
        smtp.rcpt("sheffield@example.org")
        code, _ = smtp.data(b"Subject: a\r\n\r\n" + (b"x" * 998 + b"\r\n") * 42_000)
        assert code == 552
        smtp.send_message(email())
    serve.wait_for("amr-data", "sheffield/import.csv")
    assert len(serve.keys("inbox")) == 1


def test_only_mail_for_our_domains_is_taken(make_serve):
    serve = make_serve(MAIL_DOMAINS="example.org").start()
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        serve.send(email(), to=["sheffield@elsewhere.example"])
    assert refused.value.recipients["sheffield@elsewhere.example"][0] == 550


def test_what_cannot_become_a_csv_is_put_aside_with_its_reason(serve):
    serve.send(email("page.csv", "<!DOCTYPE html><html>503</html>"))
    serve.wait_for("unprocessable", "sheffield/page.csv")
    head = serve.s3().head_object(Bucket="es-local-data-unprocessable", Key="sheffield/page.csv")
    assert head["Metadata"]["reason-code"] == "html"


def test_pipeline_send_prints_the_key_in_the_inbox(serve, tmp_path):
    (tmp_path / "march.csv").write_text(READINGS)
    sent = serve.run("send", "--data", serve.data, "--to", "sheffield@example.org", tmp_path / "march.csv")
    assert sent.returncode == 0, sent.stderr
    assert serve.read("inbox", sent.stdout.strip())
    serve.wait_for("amr-data", "sheffield/march.csv")
