"""Draws the rain and the temperatures of one year's twelve summaries."""

import json
import os
import sys

W, H, LEFT, TOP, BOTTOM = 760, 360, 50, 50, 40
NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def load(year):
    months = []
    for m in range(1, 13):
        with open(f"summaries/{year}-{m:02}.json") as f:
            months.append(json.load(f))
    return months


def draw(year, months):
    most = max(300.0, max(m["rain"] for m in months))
    step = (W - 2 * LEFT) / 12
    plot = H - TOP - BOTTOM

    def rain_y(mm):
        return H - BOTTOM - plot * mm / most

    def temp_y(c):
        return H - BOTTOM - plot * (c + 10) / 50

    total = sum(m["rain"] for m in months)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {W} {H}" font-family="sans-serif" font-size="12">',
        f'<rect width="{W}" height="{H}" fill="white"/>',
        f'<text x="{LEFT}" y="28" font-size="18">Seattle {year}: {total:.0f} mm of rain</text>',
    ]
    for mm in range(0, int(most) + 1, 100):
        y = rain_y(mm)
        out.append(f'<line x1="{LEFT}" x2="{W - LEFT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#36c">{mm}</text>')
    for c in range(-10, 41, 10):
        out.append(f'<text x="{W - LEFT + 6}" y="{temp_y(c) + 4:.1f}" fill="#c33">{c}°</text>')
    for i, m in enumerate(months):
        x, y = LEFT + step * i, rain_y(m["rain"])
        out.append(f'<rect x="{x + step * 0.15:.1f}" y="{y:.1f}" width="{step * 0.7:.1f}" '
                   f'height="{H - BOTTOM - y:.1f}" fill="#9bf"><title>{m["month"]}: {m["rain"]} mm</title></rect>')
        mid = x + step / 2
        out.append(f'<line x1="{mid:.1f}" x2="{mid:.1f}" y1="{temp_y(m["warmest"]):.1f}" '
                   f'y2="{temp_y(m["coldest"]):.1f}" stroke="#c33" stroke-width="4" stroke-linecap="round"/>')
        out.append(f'<text x="{mid:.1f}" y="{H - BOTTOM + 18}" text-anchor="middle">{NAMES[i]}</text>')
    out.append(f'<text x="{LEFT}" y="44" fill="#36c">rain, mm</text>')
    out.append(f'<text x="{W - LEFT}" y="44" text-anchor="end" fill="#c33">coldest to warmest, °C</text>')
    out.append("</svg>")
    return "\n".join(out)


year = sys.argv[1]
os.makedirs("reports", exist_ok=True)
chart = os.path.join(os.environ["FRESHET_RUN_DIR"], "reports", f"{year}.svg")
with open(chart, "w") as f:
    f.write(draw(year, load(year)))
with open(os.environ["FRESHET_OUTPUT"], "a") as f:
    f.write(f"chart={chart}\n")
print(f"{year}: {chart}")
