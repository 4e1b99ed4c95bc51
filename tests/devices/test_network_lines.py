"""Printers behind a network: socket:// as on port 9100, rfc2217:// as a serial server has it."""

import socket
import threading
from contextlib import suppress

import pytest
import serial
import serial.rfc2217

from app.devices import drivers
from app.devices.capabilities import DeviceError, DeviceState
from app.devices.transports.wire import WireLog
from tests.devices.counter import QUICK, receipt

# pyserial 3.5 names its thread in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:set(Daemon|Name)\\(\\) is deprecated")


class PtySerial(serial.Serial):
    """A port without modem lines, which a serial server would pass on."""

    cts = dsr = ri = cd = False

    def _update_dtr_state(self):
        """There is none."""

    _update_rts_state = _update_dtr_state


class SerialServer:
    """A network port in front of the simulated printer, one client after the other."""

    def __init__(self, url, scheme):
        self._url = url
        self._is_telnet = scheme == "rfc2217"
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"{scheme}://127.0.0.1:{self._server.getsockname()[1]}"
        self.is_open = True
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self.is_open = False
        socket.create_connection(self._server.getsockname()).close()
        self._thread.join(timeout=5)
        self._server.close()
        assert not self._thread.is_alive()

    def _serve(self):
        while self.is_open:
            client, _address = self._server.accept()
            with client, PtySerial(self._url, timeout=0.01, exclusive=True) as port:
                client.settimeout(0.01)
                # A client may be gone at any moment.
                with suppress(ConnectionError):
                    self._pass_on(client, port)

    def _pass_on(self, client, port):
        manager = serial.rfc2217.PortManager(port, Sender(client)) if self._is_telnet else None
        while True:
            try:
                data = client.recv(1024)
            except TimeoutError:
                data = None
            if data == b"":
                return
            if data:
                port.write(b"".join(manager.filter(data)) if manager else data)
            answer = port.read(port.in_waiting)
            if answer:
                client.sendall(b"".join(manager.escape(answer)) if manager else answer)


class Sender:
    """What PortManager writes its negotiation to."""

    def __init__(self, client):
        self.write = client.sendall


@pytest.fixture(params=["socket", "rfc2217"])
def network(request, printer):
    server = SerialServer(printer.url, request.param)
    yield server
    if server.is_open:
        server.close()


def test_a_receipt_is_printed_over_the_network(network, printer):
    driver = drivers.create("escpos_generic", network.url, QUICK)
    driver.execute("print_receipt", receipt(), job_id="7", begin=list, wire=WireLog())
    assert len(printer.papers("7")) == 1
    printer.order("paper-out")
    assert driver.probe().state is DeviceState.PAPER_OUT


def test_a_network_that_is_down_is_not_started(network, printer):
    network.close()
    driver = drivers.create("escpos_generic", network.url, QUICK)
    with pytest.raises(DeviceError) as caught:
        driver.execute("print_receipt", receipt(), job_id="7", begin=list, wire=WireLog())
    assert caught.value.code == "port_unreachable"
    assert printer.papers() == []
