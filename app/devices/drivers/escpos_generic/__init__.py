"""Receipt printers that speak ESC/POS with Chinese text (58 and 80 mm, most makes).

Taken from public documents: status bytes and cut, as most clones have them. Not certain for every
make, and therefore settings: speed, columns, whether 4-byte GB18030 is known, whether `GS r 1`
is answered, which status questions are answered, the drawer's pin.
"""

from typing import Final

from app.devices.capabilities import N_, PRINT_RECEIPT, DriverSpec, Setting

DRIVER: Final = DriverSpec(
    name="escpos_generic",
    kind="receipt_printer",
    title=N_("ESC/POS receipt printer"),
    commands=(PRINT_RECEIPT,),
    settings=(
        Setting(
            "columns",
            N_("Columns per line"),
            48,
            N_("Half-width characters in a line: 32 on 58 mm paper, 48 on 80 mm paper."),
            choices=(32, 42, 48),
        ),
        Setting(
            "gb18030",
            N_("Prints four-byte GB18030"),
            False,
            N_("Rare characters are printed; otherwise each is replaced by 〓 and reported."),
        ),
        Setting(
            "cut",
            N_("Cutter"),
            "partial",
            N_("With none, the paper is fed past the tear bar."),
            choices=("partial", "full", "none"),
            choice_titles=(N_("Partial cut"), N_("Full cut"), N_("No cutter")),
        ),
        Setting(
            "proof",
            N_("Proof of printing"),
            "buffered",
            N_(
                "Buffered: the printer confirms when the last line is printed. Status only: for"
                " printers that do not confirm; paper that ends late may then go unnoticed."
            ),
            choices=("buffered", "status"),
            choice_titles=(N_("Buffered"), N_("Status only")),
        ),
        Setting(
            "status_queries",
            N_("Status questions"),
            "1234",
            N_("Which of the four status questions the printer answers."),
            choices=("1234", "124", "14", "1"),
            choice_titles=(
                N_("All four (1, 2, 3, 4)"),
                N_("1, 2 and 4"),
                N_("1 and 4"),
                N_("Only 1"),
            ),
        ),
        Setting("baudrate", N_("Baud rate"), 9600, choices=(9600, 19200, 38400, 57600, 115200)),
        Setting(
            "parity",
            N_("Parity"),
            "none",
            choices=("none", "even", "odd"),
            choice_titles=(N_("No parity"), N_("Even parity"), N_("Odd parity")),
        ),
        Setting(
            "flow",
            N_("Flow control"),
            "none",
            choices=("none", "rtscts", "dsrdtr", "xonxoff"),
            choice_titles=(
                N_("No flow control"),
                N_("Hardware (RTS/CTS)"),
                N_("Hardware (DTR/DSR)"),
                N_("Software (XON/XOFF)"),
            ),
        ),
        Setting("drawer_pin", N_("Cash drawer pin"), 2, choices=(2, 5)),
        Setting(
            "answer_ms",
            N_("Wait for an answer (ms)"),
            1000,
            N_("How long the printer may take to answer a status question."),
            minimum=50,
            maximum=10_000,
        ),
        Setting(
            "print_ms",
            N_("Wait for the print (ms)"),
            20_000,
            N_("How long the printer may take to print what it has received."),
            minimum=100,
            maximum=120_000,
        ),
    ),
)
