"""Write the orders of a day to orders.csv. Stands in for a shop's database."""

import argparse
import csv
import datetime
import os
import random

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--day", type=datetime.date.fromisoformat, required=True)
day = parser.parse_args().day

chance = random.Random(day.toordinal())  # the same orders whenever that day is asked for
rows = 2400 if day.weekday() == 0 else 800  # on Mondays those of the weekend too
with open("orders.csv", "w", newline="") as f:
    orders = csv.writer(f, lineterminator="\n")
    orders.writerow(["day", "customer", "amount"])
    for _ in range(rows):
        orders.writerow([day, chance.randrange(500), round(chance.lognormvariate(3, 1), 2)])

with open(os.environ["FRESHET_OUTPUT"], "a") as out:
    out.write(f"rows={rows}\n")
print(f"{rows} orders of {day}")
