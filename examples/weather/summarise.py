"""Summarises one month: its days come as JSON in $FRESHET_INPUT, the summary
goes to summaries/ and, as outputs, to whoever comes next."""

import json
import os

with open(os.environ["FRESHET_INPUT"]) as f:
    given = json.load(f)
days = given["days"]
summary = {
    "month": given["month"],
    "days": len(days),
    "rain": round(sum(d["rain"] for d in days), 1),
    "coldest": min(d["coldest"] for d in days),
    "warmest": max(d["warmest"] for d in days),
}
os.makedirs("summaries", exist_ok=True)
with open(f"summaries/{summary['month']}.json", "w") as f:
    json.dump(summary, f)
with open(os.environ["FRESHET_OUTPUT"], "a") as f:
    for name, value in summary.items():
        f.write(f"{name}={value}\n")
print("{month}: {days} days, {rain} mm of rain, {coldest} to {warmest} °C".format(**summary))
