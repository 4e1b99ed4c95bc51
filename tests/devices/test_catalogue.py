"""What pages see of the drivers, and that the counter's side stands alone."""

import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from app.devices import catalogue, drivers
from app.devices.capabilities import ERRORS, KINDS, DeviceError
from app.devices.transports.wire import WireLog
from tests.devices.counter import PRINTER, QUICK, receipt

SVG = "{http://www.w3.org/2000/svg}"


def paper(lines, columns=32):
    plain = {"align": "left", "size": "normal", "bold": False}
    return {"columns": columns, "lines": [plain | line for line in lines]}


def picture(lines):
    svg = catalogue.render_paper_svg("escpos_generic", paper(lines))
    return ET.fromstring(svg)  # noqa: S314 - our own picture


def test_drivers_are_found_by_their_packages():
    assert list(catalogue.driver_specs()) == ["escpos_generic"]
    spec = catalogue.driver("escpos_generic")
    assert spec.kind in KINDS
    assert list(catalogue.kinds()) == ["receipt_printer"]
    assert list(catalogue.drivers_of_kind("receipt_printer")) == ["escpos_generic"]
    assert catalogue.drivers_of_kind("pos") == {}
    assert catalogue.commands("escpos_generic") == ("print_receipt",)


def test_every_driver_is_declared_under_its_package_and_describes_its_settings():
    for name, spec in catalogue.driver_specs().items():
        assert spec.name == name
        assert len({setting.name for setting in spec.settings}) == len(spec.settings)
        for setting in spec.settings:
            assert setting.title
            assert setting.parse(setting.default) == setting.default


def test_an_unknown_driver_has_a_code():
    for call in (catalogue.driver, catalogue.commands):
        with pytest.raises(DeviceError) as caught:
            call("none")
        assert caught.value.code == "unknown_driver"
    with pytest.raises(DeviceError):
        catalogue.render_paper_svg("none", paper([]))


def test_settings_are_checked():
    assert catalogue.check_settings("escpos_generic", {"columns": "32"})["columns"] == 32
    with pytest.raises(DeviceError, match="columns"):
        catalogue.check_settings("escpos_generic", {"columns": 1})


def test_a_code_without_a_sentence_is_a_mistake():
    with pytest.raises(KeyError):
        catalogue.error_text("no_such_code", device="P")
    assert "paper_out" in ERRORS


def test_a_paper_becomes_a_picture_in_columns():
    lines = [
        {"text": "收据 1", "align": "center", "size": "double"},
        {"text": "A<&>定", "bold": True},
        {"text": "右", "align": "right"},
        {"text": ""},
        {"text": "𠮷b"},
    ]
    root = picture(lines)
    texts = root.findall(f".//{SVG}text")
    assert [text.text for text in texts] == ["收据1", "A<&>定", "右", "𠮷", "b"]
    assert texts[0].get("x") == "86 114 156"
    assert texts[0].get("font-size") == "28"
    assert texts[1].get("x") == "16 23 30 37 44"
    assert texts[1].get("font-weight") == "700"
    assert texts[2].get("x") == str(16 + 30 * 7)
    assert root.get("aria-label") == "收据 1"
    assert "style" not in ET.tostring(root).decode()


def test_the_picture_grows_with_the_paper():
    short, long = picture([]), picture([{"text": "x"}] * 10)
    assert int(long.get("height")) == int(short.get("height")) + 200


def test_papers_of_a_printer_are_found_by_job(printer):
    driver = drivers.create("escpos_generic", printer.url, QUICK)
    for job_id in ("1", "2"):
        driver.execute("print_receipt", receipt(), job_id=job_id, begin=list, wire=WireLog())
    name = catalogue.simulator_name(printer.data_dir, printer.url)
    assert name == PRINTER
    assert len(catalogue.read_papers(printer.data_dir, name)) == 2
    (found,) = catalogue.read_papers(printer.data_dir, name, job_id=2)
    text = catalogue.paper_text(found)
    assert text.splitlines()[0] == "收款收据"
    assert text.endswith("任务 2")
    assert catalogue.render_paper_svg("escpos_generic", found).startswith("<svg")
    assert catalogue.read_papers(printer.data_dir, "never_ran") == []


@pytest.mark.parametrize(
    "module",
    [
        "app.devices.agent",
        "app.devices.capabilities",
        "app.devices.drivers.escpos_generic.driver",
        "app.devices.drivers.escpos_generic.simulator",
    ],
)
def test_the_counters_side_needs_nothing_of_the_server(module):
    code = (
        f"import sys, {module}; "
        "print([name for name in ('flask', 'flask_babel', 'sqlalchemy', 'psycopg2', 'app.core')"
        " if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_catalogue_opens_no_port():
    code = "import sys, app.devices.catalogue; print('serial' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
