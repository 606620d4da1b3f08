"""The web page of `pipeline serve` in headless Chromium: with data, empty, and with names that mean harm."""

import base64
import os
import time
from pathlib import Path

import pytest
from conftest import email
from page_checks import what_is_wrong, what_overflows, what_was_asked_for
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(os.environ.get("SCREENSHOTS", ROOT / "target/screenshots"))
SECONDS = 120

READINGS = (
    "Meter Name,Serial,Date,00:30,01:00,01:30,02:00,Total\n"
    "Sheffield Gas,E10BG01,23/03/2025,0.1,0.2,0.3,0.4,1.0\n"
    "Sheffield Gas,E10BG01,24/03/2025,0.5,0.6,0.7,0.8,2.6\n"
)
PAGE = "<!doctype html><html><body><p>Your session has expired.</p></body></html>"
HOSTILE = [
    '"><script>alert(1)</script>.csv',
    "'onmouseover='alert(2).csv",
    "<img src=x onerror=alert(3)>.csv",
    "invoice\u202evsc.exe",
    "👩\u200d🔬 Zähler قراءات.csv",
    "a" * 10_000 + ".csv",
    "javascript:alert(4)",
    "</title></style><svg onload=alert(5)>.csv",
]


def browser(profile, scheme="light", width=1280, height=900):
    options = webdriver.ChromeOptions()
    for flag in [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
        f"--window-size={width},{height}",
    ]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    return driver


@pytest.fixture
def open_browser(tmp_path):
    opened = []

    def open_one(**how):
        opened.append(browser(tmp_path / f"profile-{len(opened)}", **how))
        return opened[-1]

    yield open_one
    for driver in opened:
        driver.quit()


def send(serve, subject, name, content=READINGS, to="sheffield@example.org"):
    serve.send(email(name, content, to, message_id=f"{time.time_ns()}", subject=subject))


def web(serve):
    return serve.endpoint["web"]


def until(driver, text, selector="body"):
    """Waits until the page, which keeps itself up to date, says something."""
    patiently(driver, lambda _: text in driver.find_element(By.CSS_SELECTOR, selector).text, text)


def press(driver, by, value):
    """Clicks on what may be replaced by its like, or not be there yet, at that very moment."""
    patiently(driver, lambda _: driver.find_element(by, value).click() or True, value)


def patiently(driver, condition, what):
    """An element goes stale when the page is left, or brings a part of itself up to date: then it is looked for again."""
    passing = [StaleElementReferenceException, NoSuchElementException]
    WebDriverWait(driver, SECONDS, ignored_exceptions=passing).until(condition, what)


def key(driver, which):
    ActionChains(driver).send_keys(which).perform()


def focused(driver, what="textContent.trim()"):
    return driver.execute_script(f"return document.activeElement.{what}")


def phone(driver, width=360, height=780):
    metrics = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def shoot(driver, name):
    """The whole page as a picture."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    driver.execute_script("scrollTo(0, 0)")
    picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    (SHOTS / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))


def stays_sound(driver, serve):
    """Nothing ran, nothing left this machine, nobody is left out."""
    assert what_is_wrong(driver) == []
    noise = [entry for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    assert noise == []
    asked_for = what_was_asked_for(driver)
    assert asked_for, "the browser tells what it asks for"
    assert [url for url in asked_for if not url.startswith(f"{web(serve)}/")] == []
    # An alert would fail every command, with UnexpectedAlertPresentException.
    assert driver.execute_script("return document.readyState") == "complete"


def fits_a_phone(driver, addresses, name):
    phone(driver)
    for index, address in enumerate(addresses):
        driver.get(address)
        assert what_overflows(driver) == [], address
        assert what_is_wrong(driver) == [], address
        shoot(driver, f"{name}-phone-{index}")


def links(driver, start):
    found = [link.get_attribute("href") for link in driver.find_elements(By.CSS_SELECTOR, f'a[href^="{start}"]')]
    return list(dict.fromkeys(found))


def test_an_empty_page_tells_how_to_begin(serve, open_browser):
    driver = open_browser()
    driver.get(web(serve))
    until(driver, f"swaks --server {serve.endpoint['smtp']}")
    shoot(driver, "empty")
    stays_sound(driver, serve)
    fits_a_phone(driver, [web(serve), f"{web(serve)}/inputs", f"{web(serve)}/unprocessable"], "empty")


def test_an_email_appears_by_itself_and_leads_to_everything_about_it(serve, open_browser):
    driver = open_browser()
    driver.get(web(serve))
    # The page was opened before the email came.
    march = email("march.csv", READINGS, message_id="march", subject="March readings")
    march.add_attachment(PAGE.encode(), maintype="text", subtype="csv", filename="report.csv")
    serve.send(march)
    until(driver, "partly delivered", "#recent")
    for number in range(5):
        send(serve, f"Readings of week {number}", f"week-{number}.csv", to="npower-eon@example.org")
    until(driver, "week-4.csv", "#recent")
    until(driver, "6 delivered and 1 put aside", "#state")
    until(driver, "Nothing waits.", "#state")
    shoot(driver, "overview")
    stays_sound(driver, serve)

    driver.get(f"{web(serve)}/inputs")
    shoot(driver, "inputs")
    press(driver, By.LINK_TEXT, "March readings")
    until(driver, "unpack-attachments")
    shoot(driver, "story")
    stays_sound(driver, serve)
    story = driver.current_url

    press(driver, By.PARTIAL_LINK_TEXT, "sheffield/march.csv")
    until(driver, "Sheffield Gas", "table.preview")
    assert len(driver.find_elements(By.CSS_SELECTOR, "table.preview tbody tr")) == 3
    shoot(driver, "preview")
    stays_sound(driver, serve)
    preview = driver.current_url

    driver.get(f"{web(serve)}/unprocessable")
    until(driver, "web page")
    shoot(driver, "aside")
    stays_sound(driver, serve)
    pages = [web(serve), f"{web(serve)}/inputs", story, preview, f"{web(serve)}/unprocessable"]
    fits_a_phone(driver, pages, "data")

    dark = open_browser(scheme="dark")
    for index, address in enumerate(pages):
        dark.get(address)
        assert what_is_wrong(dark) == [], address
        shoot(dark, f"data-dark-{index}")
    phone(dark)
    dark.get(web(serve))
    shoot(dark, "data-dark-phone")


def test_names_that_mean_harm_do_none(serve, open_browser):
    for number, name in enumerate(HOSTILE):
        send(serve, name[:900], name, to=f"area{number}@example.org")
        send(serve, f"Page {number}", name, PAGE, to=f"area{number}@example.org")
    driver = open_browser()
    driver.get(web(serve))
    until(driver, f"{len(HOSTILE)} put aside", "#state")
    until(driver, "Nothing waits.", "#state")
    pages = [web(serve), f"{web(serve)}/inputs", f"{web(serve)}/unprocessable"]
    for address in pages[1:]:
        driver.get(address)
        for start in ["/inputs/", "/preview?"]:
            pages += [link for link in links(driver, start) if link not in pages]
    assert len(pages) > 2 * len(HOSTILE)
    for index, address in enumerate(pages):
        driver.get(address)
        stays_sound(driver, serve)
        if index < 4:
            shoot(driver, f"hostile-{index}")
    fits_a_phone(driver, pages, "hostile")


def test_the_form_is_reached_by_keyboard_and_sends_a_file(serve, open_browser, tmp_path):
    (tmp_path / "april.csv").write_text(READINGS)
    driver = open_browser()
    driver.get(web(serve))
    key(driver, Keys.TAB)
    assert focused(driver) == "Skip to the content"
    reached = []
    for _ in range(30):
        reached.append(focused(driver, "id"))
        style = "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]"
        outline = driver.execute_script(style)
        assert outline[0] != "none" and outline[1] != "0px", f"no focus to be seen on {focused(driver, 'outerHTML')}"
        if "file" in reached:
            break
        key(driver, Keys.TAB)
    assert reached.index("area") < reached.index("file")
    driver.find_element(By.ID, "area").send_keys("sheffield")
    driver.find_element(By.ID, "file").send_keys(str(tmp_path / "april.csv"))
    driver.find_element(By.CSS_SELECTOR, "form button[type=submit]").send_keys(Keys.ENTER)
    until(driver, "Everything that could hold readings was delivered.")
    assert "/inputs/" in driver.current_url
    stays_sound(driver, serve)


def test_a_file_is_dropped_on_the_zone(serve, open_browser):
    driver = open_browser()
    driver.get(web(serve))
    drop = """
        const files = new DataTransfer();
        files.items.add(new File([arguments[0]], "may.csv"));
        const zone = document.querySelector("[data-drop]");
        zone.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        return document.getElementById("file").files.length;
    """
    assert driver.execute_script(drop, READINGS) == 1
    driver.find_element(By.ID, "area").send_keys("bam", Keys.ENTER)
    until(driver, "Everything that could hold readings was delivered.")


def test_without_scripts_the_page_says_the_same(serve, open_browser, tmp_path):
    (tmp_path / "june.csv").write_text(READINGS)
    driver = open_browser()
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    driver.get(web(serve))
    driver.find_element(By.ID, "area").send_keys("sheffield")
    driver.find_element(By.ID, "file").send_keys(str(tmp_path / "june.csv"))
    driver.find_element(By.CSS_SELECTOR, "form button[type=submit]").click()
    told = "Everything that could hold readings was delivered."
    patiently(driver, lambda _: told in driver.find_element(By.TAG_NAME, "body").text or driver.refresh(), told)
    assert not driver.find_element(By.ID, "pause").is_displayed()


def test_what_is_kept_up_to_date_can_be_paused_and_keeps_the_focus(serve, open_browser):
    driver = open_browser()
    driver.get(web(serve))
    press(driver, By.CSS_SELECTOR, "#flow-words summary")
    driver.execute_script("document.querySelector('#flow-words summary').focus()")
    send(serve, "Live", "live.csv")
    until(driver, "1 CSV was delivered", "#flow-words")
    assert focused(driver) == "The picture in words"
    assert driver.find_element(By.ID, "flow-words").get_attribute("open")
    driver.find_element(By.ID, "pause").click()
    shown = driver.find_element(By.ID, "as-of").text
    time.sleep(5)
    assert driver.find_element(By.ID, "as-of").text == shown
