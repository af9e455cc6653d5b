"""The page in a real Chromium, with a real daemon behind the gateway."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_process import Daemon, wait_for
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from served import Served, described, serving, settings_of

from spectacle.gateway.tokens import Tokens

pytestmark = pytest.mark.slow

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parents[2] / "clients/typescript/node_modules/axe-core/axe.min.js"
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
LONG = 40_000


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon of the page's own: its gallery shows what other tests have asked for, too."""
    with described(tmp_path_factory.mktemp("page")) as daemon:
        yield daemon


@pytest.fixture(scope="module")
def served(daemon: Daemon) -> Iterator[Served]:
    """Its gateway, without tokens."""
    with serving(settings_of(daemon, daemon.home, rate="100000/minute")) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), "the tests of the page need Debian's package chromium: apt-get install chromium"
    expect.set_options(timeout=LONG)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page that is open, and what it complained of."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page = context.new_page()
        self.page.set_default_timeout(LONG)
        self.complaints: list[str] = []
        self.requested: set[str] = set()
        self.page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requested.add(request.url))
        self.page.goto(url)
        self.url = url

    def ready(self) -> Page:
        self.page.wait_for_selector("body[data-ready]")
        return self.page


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Any]:
    contexts = []

    def open_page(url: str = served.url, **options: Any) -> Visit:
        context = browser.new_context(**options)
        contexts.append(context)
        return Visit(context, url)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "in.png"
    Image.new("RGB", (120, 80), "steelblue").save(path)
    return path


def generate(page: Page, prompt: str, kind: str = "card", size: int = 64, count: int = 1, seed: str = "") -> None:
    page.select_option("#kind", kind)
    page.fill("#prompt", prompt)
    page.fill("#width", str(size))
    page.fill("#height", str(size))
    page.fill("#count", str(count))
    page.fill("#seed", seed)
    page.press("#prompt", "Control+Enter")


def tile(page: Page, prompt: str) -> Any:
    return page.locator(".tile", has=page.get_by_alt_text(prompt, exact=True))


def metadata(daemon: Daemon, prompt: str) -> list[dict[str, Any]]:
    found = []
    for path in sorted(daemon.spool.glob("gateway-*.png")):
        with Image.open(path) as image:
            making = json.loads(image.info["spectacle"])
        if making["prompt"] == prompt:
            found.append(making)
    return found


def test_a_prompt_becomes_an_image_with_a_recipe_whose_settings_are_used_again(visit: Any, daemon: Daemon) -> None:
    opened = visit()
    page = opened.ready()
    generate(page, "a recipe to keep", kind="card")
    tile(page, "a recipe to keep").click()
    [making] = metadata(daemon, "a recipe to keep")
    viewer = page.locator("#viewer")
    expect(viewer.locator(".prompt")).to_have_text("a recipe to keep")
    # To the last digit, of which numbers of JavaScript have fewer.
    expect(viewer.locator(".facts")).to_contain_text(str(making["seed"]))
    with page.expect_download() as download:
        viewer.get_by_text("Download").click()
    assert download.value.suggested_filename == f"a-recipe-to-keep-{making['seed']}.png"
    viewer.get_by_text("Use these settings").click()
    expect(page.locator("#seed")).to_have_value(str(making["seed"]))
    expect(page.locator("#prompt")).to_have_value("a recipe to keep")
    page.press("#prompt", "Control+Enter")
    expect(tile(page, "a recipe to keep")).to_have_count(2)
    assert [each["seed"] for each in metadata(daemon, "a recipe to keep")] == [making["seed"]] * 2
    assert not opened.complaints
    assert all(url.startswith(("blob:", opened.url)) for url in opened.requested)


def test_several_images_have_consecutive_seeds_and_options_come_from_the_schema(visit: Any, daemon: Daemon) -> None:
    page = visit().ready()
    page.select_option("#kind", "card")
    page.locator("#options-part summary").click()
    page.get_by_role("spinbutton", name="Native").fill("16")
    expect(page.locator("#options-changed")).to_have_text("1 changed")
    page.fill("#prompt", "with options")
    page.fill("#width", "32")
    page.fill("#height", "32")
    page.fill("#count", "3")
    page.fill("#seed", "9223372036854775804")
    page.get_by_role("button", name="Generate").click()
    expect(tile(page, "with options")).to_have_count(3)
    made = metadata(daemon, "with options")
    assert sorted(each["seed"] for each in made) == [9223372036854775804 + number for number in range(3)]
    assert all(each["options"]["native"] == 16 for each in made)


def test_requests_show_their_progress_and_place_and_are_cancelled(visit: Any, daemon: Daemon) -> None:
    page = visit().ready()
    generate(page, "the first of two", kind="slow", size=8)
    row = page.locator(".request", has_text="the first of two")
    expect(row.locator(".state")).to_contain_text(re.compile(r"step \d+ of 1000 · about \d+ s left"))
    generate(page, "the second of two", kind="slow", size=8)
    second = page.locator(".request", has_text="the second of two")
    expect(second.locator(".state")).to_have_text(re.compile(r"Waiting, place \d+"))
    for each in (second, row):
        each.get_by_role("button", name="Cancel").click()
        expect(each).to_have_count(0)
    wait_for(lambda: not list(daemon.spool.glob("gateway-*-8x8-slow.txt")), "the requests to be gone")


def test_a_failure_says_why_and_is_tried_again_or_removed(visit: Any) -> None:
    page = visit().ready()
    generate(page, "bound to fail", kind="broken", size=8)
    row = page.locator(".request.failed", has_text="bound to fail")
    expect(row).to_contain_text("the pen is dry. Fill it.")
    row.get_by_role("button", name="Again").click()
    expect(page.locator(".request", has_text="bound to fail")).to_have_count(1)
    expect(row).to_contain_text("the pen is dry. Fill it.")
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(row).to_have_count(0)


def test_a_failed_request_is_submitted_once_however_often_again_is_clicked(visit: Any) -> None:
    page = visit().ready()
    generate(page, "clicked twice", kind="broken", size=8)
    row = page.locator(".request.failed", has_text="clicked twice")
    expect(row).to_contain_text("the pen is dry. Fill it.")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/v1/jobs", hold)
    again = row.get_by_role("button", name="Again")
    again.click()
    expect(again).to_be_disabled()
    expect(row.get_by_role("button", name="Remove")).to_be_disabled()
    again.evaluate("button => button.click()")
    [route] = held
    route.continue_()
    expect(again).to_be_enabled()
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_what_the_gateway_refuses_is_said_at_the_form(visit: Any) -> None:
    page = visit().ready()
    page.select_option("#kind", "card")
    page.fill("#prompt", "x")
    page.fill("#seed", "99999999999999999999")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("#form-error")).to_contain_text("Seed: not a whole number")


def test_images_of_before_are_there_with_their_prompts_in_another_browser(visit: Any) -> None:
    page = visit().ready()
    generate(page, "seen from elsewhere")
    expect(tile(page, "seen from elsewhere")).to_have_count(1)
    expect(tile(visit().ready(), "seen from elsewhere")).to_have_count(1)


@pytest.mark.parametrize("means", ["mouse", "touch", "keyboard"])
def test_a_mask_is_painted(visit: Any, daemon: Daemon, picture: Path, means: str) -> None:
    page = visit(**(PHONE if means == "touch" else {})).ready()
    page.select_option("#kind", "slow")  # so that the mask is still in the spool when the test looks at it
    page.set_input_files("#images input", picture)
    page.get_by_role("button", name="Draw a mask").click()
    canvas = page.locator("#painter canvas")
    box = canvas.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    if means == "mouse":
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] + 10, middle[1], steps=3)
        page.mouse.up()
    elif means == "touch":
        page.touchscreen.tap(*middle)
    else:
        canvas.focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Use this mask").click()
    expect(page.locator("#mask-shown")).to_be_visible()
    page.fill("#prompt", f"masked by {means}")
    page.get_by_role("button", name="Generate").click()
    row = page.locator(".request", has_text=f"masked by {means}")
    expect(row).to_be_visible()
    [attached] = daemon.spool.glob("gateway-*-slow-mask.png")
    with Image.open(attached) as mask:
        grey = mask.convert("L")
    assert grey.size == (120, 80)
    assert (grey.getpixel((60, 40)), grey.getpixel((2, 2))) == (255, 0)
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(0)
    wait_for(lambda: not list(daemon.spool.glob("gateway-*-slow-mask.png")), "the mask to be gone")


def test_an_image_is_vectorized_with_before_and_after_and_its_code_is_copied(visit: Any, picture: Path) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).ready()
    page.get_by_role("tab", name="Vectorize").click()
    page.set_input_files("#vector-image input", picture)
    page.get_by_role("button", name="Vectorize").click()
    expect(page.get_by_alt_text("After: the SVG")).to_be_visible()
    slider = page.get_by_label("How much of the image before is shown")
    slider.focus()
    page.keyboard.press("End")
    assert page.get_by_alt_text("After: the SVG").evaluate("image => image.style.clipPath") == "inset(0px 0px 0px 100%)"
    page.get_by_role("button", name="Copy SVG code").click()
    expect(page.locator("#toasts")).to_contain_text("SVG code copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("<svg")


def test_svg_is_shown_as_an_image_and_never_becomes_part_of_the_page(visit: Any) -> None:
    page = visit().ready()
    generate(page, "never inline", kind="vector")
    tile(page, "never inline").click()
    page.get_by_role("button", name="Show SVG code").click()
    expect(page.locator("#viewer textarea")).to_have_value(re.compile("^<svg"))
    assert page.locator("svg").count() == 0


def test_everything_is_done_with_the_keyboard(visit: Any) -> None:
    page = visit().ready()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the form")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#panel-vectorize")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#panel-generate")).to_be_visible()
    generate(page, "by keyboard")
    tile(page, "by keyboard").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#viewer .close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(tile(page, "by keyboard")).to_be_focused()


def serious(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{each['id']}: {node['html'][:120]} {node.get('failureSummary', '')[:300]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_axe_finds_nothing_serious(visit: Any, picture: Path, look: str) -> None:
    options = PHONE if look == "phone" else {"color_scheme": look}
    page = visit(**options, reduced_motion="reduce").ready()
    generate(page, "a broken one", kind="broken", size=8)
    generate(page, f"to be looked at in {look}")
    expect(page.locator(".request.failed", has_text="a broken one").first).to_be_visible()
    expect(tile(page, f"to be looked at in {look}")).to_have_count(1)
    generate(page, f"a slow one in {look}", kind="slow", size=8)
    slow = page.locator(".request", has_text=f"a slow one in {look}")
    expect(slow.locator(".state")).to_contain_text("step")
    page.locator("#options-part summary").click()
    assert not serious(page)
    tile(page, f"to be looked at in {look}").click()
    expect(page.locator("#viewer .facts")).to_be_visible()
    assert not serious(page)
    page.keyboard.press("Escape")
    slow.get_by_role("button", name="Cancel").click()
    expect(slow).to_have_count(0)
    page.set_input_files("#images input", picture)
    page.get_by_role("button", name="Draw a mask").click()
    assert not serious(page)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Vectorize").click()
    page.set_input_files("#vector-image input", picture)
    page.get_by_role("button", name="Vectorize").click()
    expect(page.get_by_alt_text("After: the SVG")).to_be_visible()
    assert not serious(page)


def test_a_phone_never_scrolls_sideways(visit: Any) -> None:
    page = visit(**PHONE).ready()
    generate(page, "an image on a phone with quite a long prompt that does not fit into one line at all")
    page.locator(".tile").first.click()
    expect(page.locator("#viewer")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()
    page.get_by_role("tab", name="Vectorize").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_dark_follows_the_system_until_it_is_chosen_by_hand(visit: Any) -> None:
    page = visit(color_scheme="dark").ready()

    def brightness() -> int:
        shown = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        return sum(map(int, re.findall(r"\d+", shown)[:3]))

    assert brightness() < 150
    page.get_by_label("Change between light and dark").click()
    assert brightness() > 600
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert brightness() > 600


def test_a_token_is_asked_for_kept_and_forgotten(visit: Any, daemon: Daemon, tmp_path: Path) -> None:
    token = Tokens(tmp_path / "tokens.json").add("alice")
    with serving(settings_of(daemon, tmp_path), tokens_required=True) as served:
        page = visit(served.url).page
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("#sign-in .error")).to_contain_text("Not a valid token")
        assert not serious(page)
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("body[data-ready]")
        generate(page, "mine alone")
        expect(tile(page, "mine alone")).to_have_count(1)
        page.reload()
        expect(tile(page, "mine alone")).to_have_count(1)
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("#sign-in")).to_be_visible()
        expect(page.locator(".tile")).to_have_count(0)
