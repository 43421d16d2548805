"""How the report of a batch looks, on a screen and on paper."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1c1f23;
  font: 14px/1.45 system-ui, "Segoe UI", "Noto Sans", sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; font-weight: 600; margin: 0 0 .25rem; }
h2 { font-size: 1.05rem; font-weight: 600; margin: 2rem 0 .6rem; }
p { margin: .4rem 0; color: #454b54; }
.warn { color: #8a3c00; font-weight: 600; }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; }
.tiles div { border: 1px solid #d9dde2; border-radius: 6px; padding: .6rem .9rem; min-width: 6rem; }
.tiles b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.tiles span, small, figcaption { color: #5a616b; font-size: .82rem; }
figure { margin: 0; }
svg { width: 100%; height: auto; }
.support { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
.support figcaption { max-width: 120px; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: #454b54; font-size: .82rem; }
th, td { border-bottom: 1px solid #e4e7eb; padding: .4rem .6rem .4rem 0; vertical-align: middle; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
td img { display: block; width: 18rem; max-width: 100%; height: auto; border-radius: 3px; }
.pictures td:nth-child(n+4), .pictures th { white-space: nowrap; }
.pictures :is(th, td):nth-child(n+5) { text-align: right; }
td.anomalous { color: #a84300; font-weight: 600; }
.facts th { width: 12rem; vertical-align: top; }
.facts td { font-size: .82rem; }
@page { size: A4; margin: 14mm 12mm; }
@media print {
  main { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  thead { display: table-header-group; }
  tr, figure, .tiles { break-inside: avoid; }
  h2 { break-after: avoid; }
  td img { width: 15rem; }
}
"""
