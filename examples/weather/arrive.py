"""Reads daily observations one by one, as a station would deliver them, and
sends the event month_arrived with a month's days once its last day is in."""

import csv
import json
import signal
import subprocess
import sys


def send(month, days):
    value = json.dumps({"month": month, "days": days})
    subprocess.run(["freshet", "event", "send", "month_arrived", "-"], input=value, text=True, check=True,
                   stdout=subprocess.DEVNULL)
    print(f"{month}: {len(days)} days", flush=True)


def main(path):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    month, days = None, []
    with open(path, newline="") as f:
        for row in csv.DictReader(f):
            if row["date"][:7] != month and days:
                send(month, days)
                days = []
            month = row["date"][:7]
            days.append({
                "date": row["date"],
                "rain": float(row["precipitation"]),
                "warmest": float(row["temp_max"]),
                "coldest": float(row["temp_min"]),
            })
    send(month, days)
    print("no more observations yet: waiting", flush=True)
    signal.pause()


main(sys.argv[1])
