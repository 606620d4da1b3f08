"""Makes the workbooks of this folder with programs that suppliers use.

    pip install openpyxl xlwt xlsxwriter odfpy msoffcrypto-tool
    python make.py            # LibreOffice's `soffice` converts some of them

The CSV and reason files beside them were written by hand, or read line by line before they were kept.
"""
import datetime as dt
import os
import shutil
import subprocess
import tempfile

import msoffcrypto.format.ooxml
import openpyxl
import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

HERE = os.path.dirname(os.path.abspath(__file__))
HALF_HOURS = [f"{m // 60:02d}:{m % 60:02d}" for m in range(30, 1440, 30)] + ["00:00"]


def at(name):
    return os.path.join(HERE, name)


def openpyxl_every_kind(path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Half hourly"
    sheet.append(["mpxn", "msn", "meter_read_type", "reading_date", "interval_1", "interval_2", "run_dt", "note"])
    rows = [
        [(2199989614123, None), ("E10Z012345", None), ("A", None), (dt.datetime(2023, 9, 1), "dd/mm/yyyy"), (0.5, None),
         (1.1, '0.0" kWh"'), (dt.datetime(2023, 9, 2, 1, 3, 59), "dd/mm/yyyy hh:mm"), ("plain", None)],
        [(123456789012345, "0"), ("00012345", None), ("E", None), (dt.datetime(2023, 9, 2, 18, 30), "dd/mm/yyyy"),
         (-0.25, "[Red]0.0;[Blue]-0.0"), (0.125, "0.0%"), (dt.datetime(2023, 9, 3), "dd/mm/yyyy hh:mm"),
         ('say "hi", you', None)],
        [(2.5, '"£"#,##0.00'), ("3.140", None), (True, None), (dt.time(23, 59, 59), "hh:mm:ss"),
         (dt.timedelta(hours=24), "[h]:mm:ss"), (dt.timedelta(hours=36, minutes=30), "[h]:mm"), (0.3, None),
         ("two\nlines", None)],
        [(1e-7, None), (" spaced ", None), (False, None), (45170.0444328704, "hh:mm"), (12345678.9, "#,##0.00"),
         (1e20, "0.00E+00"), (45170.5, "[$-809]d mmmm yyyy"), ("Zähler £ €", None)],
    ]
    for r, row in enumerate(rows, 2):
        for c, (value, number_format) in enumerate(row, 1):
            cell = sheet.cell(row=r, column=c, value=value)
            if number_format:
                cell.number_format = number_format
    sheet["A7"], sheet["D7"], sheet["D7"].number_format = "=A2+1", "=D2", "dd/mm/yyyy"
    sheet["E7"], sheet["F7"] = "=1/0", "=NA()"
    sheet["G7"] = '=HYPERLINK("https://example.org","Meter 1")'
    sheet["H3"].hyperlink = "https://example.org/a"
    sheet.merge_cells("A9:C9")
    sheet["A9"], sheet["H9"] = "merged", "end"
    sheet.cell(row=20, column=15).number_format = "0.0"
    cover = book.create_sheet("Cover", 0)
    cover["B2"] = "Readings for September"
    hidden = book.create_sheet("Hidden", 0)
    hidden.sheet_state = "hidden"
    for _ in range(3):
        hidden.append([1, 2, 3])
    book.create_sheet("Notes")["A1"] = "made by hand"
    book.save(path)


def xlwt_bam(path):
    book = xlwt.Workbook()
    sheet = book.add_sheet("Profile")
    for r, line in enumerate(["Report", "Site: Sheffield", "Unit: kWh"]):
        sheet.write(r, 0, line)
    for c, heading in enumerate(["Meter Name", "Serial", "Date"] + HALF_HOURS + ["Total"]):
        sheet.write(6, c, heading)
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for r in range(2):
        sheet.write(7 + r, 0, "Main £ incomer")
        sheet.write(7 + r, 1, 1234567890.0)
        sheet.write(7 + r, 2, dt.date(2023, 9, 1 + r), day)
        for c in range(48):
            sheet.write(7 + r, 3 + c, (r * 48 + c) / 4)
        sheet.write(7 + r, 51, xlwt.Formula("SUM(D8:AY8)"))
    book.save(path)


def xlsxwriter_british_gas(path):
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Sheet1")
        sheet.write_row(0, 0, ["meter_identifier", "serial_number", "read_date"] + [f"hh{n:02d}" for n in range(1, 49)])
        day = book.add_format({"num_format": 14})
        for r in range(1, 4):
            sheet.write_number(r, 0, 1030076551123)
            sheet.write_string(r, 1, "E13Z004242")
            sheet.write_datetime(r, 2, dt.datetime(2023, 9, r), day)
            for c in range(48):
                sheet.write_number(r, 3 + c, round(0.1 * (c + r), 1))


def xlsxwriter_1904(path):
    with xlsxwriter.Workbook(path, {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["MPR", "Date", "Read at"])
        sheet.write(1, 0, 7512345678)
        sheet.write_datetime(1, 1, dt.datetime(2023, 9, 1), book.add_format({"num_format": "dd/mm/yy"}))
        sheet.write_datetime(1, 2, dt.datetime(2023, 9, 1, 12, 30), book.add_format({"num_format": "dd/mm/yy hh:mm"}))


def odfpy_banes(path):
    document = OpenDocumentSpreadsheet()
    table = Table(name="Banes")
    for row in [["ID", "Date", "Location", "[00:30]", "[01:00]"], ["1", "Sep  1 2023 12:00AM", "Bath", 1.5, 2.25]]:
        line = TableRow()
        for value in row:
            if isinstance(value, float):
                cell = TableCell(valuetype="float", value=value)
            else:
                cell = TableCell(valuetype="string")
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    document.save(path)


def blank(path):
    openpyxl.Workbook().save(path)


def encrypted(path, plain):
    with open(plain, "rb") as source, open(path, "wb") as target:
        msoffcrypto.format.ooxml.OOXMLFile(source).encrypt("secret", target)


def libreoffice(source, target_format, target):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["soffice", "--headless", "--convert-to", target_format, "--outdir", folder, source], check=True)
        (made,) = os.listdir(folder)
        shutil.copyfile(os.path.join(folder, made), target)


if __name__ == "__main__":
    openpyxl_every_kind(at("openpyxl.xlsx"))
    libreoffice(at("openpyxl.xlsx"), "xlsx", at("libreoffice.xlsx"))
    libreoffice(at("openpyxl.xlsx"), "xls:MS Excel 97", at("libreoffice.xls"))
    libreoffice(at("openpyxl.xlsx"), "ods", at("libreoffice.ods"))
    xlwt_bam(at("bam-xlwt.xls"))
    xlsxwriter_british_gas(at("british-gas-xlsxwriter.xlsx"))
    xlsxwriter_1904(at("dates-of-1904.xlsx"))
    odfpy_banes(at("banes-odfpy.ods"))
    blank(at("blank.xlsx"))
    encrypted(at("encrypted.xlsx"), at("british-gas-xlsxwriter.xlsx"))
    with open(at("british-gas-xlsxwriter.xlsx"), "rb") as whole, open(at("cut-short.xlsx"), "wb") as part:
        part.write(whole.read()[:3000])
