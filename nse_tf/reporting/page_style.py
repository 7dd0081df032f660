"""How the page looks: narrow and wide, light and dark, on paper."""

# Colors of figures are those of Okabe and Ito, which people with any color
# vision distinguish; the dark page takes lighter ones of the same hues.
CSS = """
:root {
  color-scheme: light dark;
  --paper: #fff; --card: #f5f6f8; --ink: #17191c; --soft: #5c636b;
  --line: #d9dde2; --grid: #e3e6ea; --tint: #dcebf5;
  --dots: #4b9cd3; --front: #0a4f82; --winner: #c64600; --limit: #8a5a00;
  --good: #00684d; --bad: #b3261e;
  --series1: #0072b2; --series2: #c64600; --series3: #00855f;
  --series4: #a8427f; --series5: #8a5a00; --series6: #3f8fc7;
  --series7: #5c636b; --series8: #6b46c1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1e2226; --ink: #e8eaed; --soft: #a2a9b1;
    --line: #343a40; --grid: #2a2f34; --tint: #1d3a4f;
    --dots: #3f8fc7; --front: #9fd3f5; --winner: #ff9455; --limit: #e6b450;
    --good: #56c9a5; --bad: #ff8a80;
    --series1: #56b4e9; --series2: #ff9455; --series3: #56c9a5;
    --series4: #e7a9cb; --series5: #e6b450; --series6: #9fd3f5;
    --series7: #a2a9b1; --series8: #b79cf5;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 66rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
  overflow-wrap: break-word;
}
h1, h2, h3 { line-height: 1.2; margin: 0; text-wrap: balance; }
h1 { font-size: 1.75rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; }
p { margin: .5rem 0; max-width: 46rem; }
.soft, figcaption, dt, .tile span { color: var(--soft); }
.small, figcaption, .scroll, .facts, details { font-size: .875rem; }
.banner {
  padding: .75rem 1rem; border-left: 4px solid var(--limit);
  background: var(--card); max-width: none;
}
.banner.bad { border-color: var(--bad); color: inherit; }
.tiles {
  display: grid; gap: .75rem; margin: 1rem 0; padding: 0;
  grid-template-columns: repeat(auto-fit, minmax(9.75rem, 1fr));
}
.tile {
  background: var(--card); border-radius: .5rem; padding: .75rem 1rem;
  margin: 0;
}
.tile b { display: block; font-size: 1.5rem; white-space: nowrap; }
.tile small { font-size: 1rem; }
.tile span { display: block; font-size: .8125rem; line-height: 1.4; }
.good { color: var(--good); }
.bad { color: var(--bad); }
.scroll { overflow-x: auto; max-width: 54rem; }
table { border-collapse: collapse; width: 100%; }
th, td {
  padding: .375rem .625rem .375rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums;
}
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--soft); font-weight: 400; }
tbody th { font-weight: 400; }
tfoot th, tfoot td { font-weight: 600; border-bottom: 0; }
.right { text-align: right; white-space: nowrap; }
.wraps .right { white-space: normal; }
.op { display: grid; grid-template-columns: 9.5rem auto; gap: 0 1rem; }
.share {
  display: block; margin-left: auto; min-width: 5rem;
  background: linear-gradient(to left, var(--tint) var(--width), transparent 0);
}
.part { padding-left: 1rem; color: var(--soft); }
.figures {
  display: grid; gap: 2rem 2.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr));
}
figure { margin: 0 0 1rem; max-width: 34rem; }
figure h3 { margin-bottom: .125rem; }
figcaption { margin-bottom: .375rem; }
figcaption span { margin-right: .75rem; display: inline-block; }
svg {
  display: block; width: 100%; height: auto; stroke-linejoin: round;
  font-family: inherit;
}
.strip { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: .5rem; }
.picture { width: 6rem; font-size: .75rem; line-height: 1.3; }
.picture img { display: block; width: 100%; image-rendering: pixelated; }
.facts { margin: 0; }
.facts div {
  display: flex; gap: 1rem; padding: .25rem 0;
  border-bottom: 1px solid var(--line);
}
dt { flex: 0 0 9rem; }
dd { margin: 0; min-width: 0; }
code, pre { font: .8125rem/1.5 ui-monospace, monospace; }
pre { white-space: pre-wrap; background: var(--card); padding: .75rem 1rem; }
details { margin: 1rem 0; }
summary { cursor: pointer; font-weight: 600; padding: .25rem 0; }
details > .figures { margin-top: 1rem; }
footer { margin: 3rem 0 1rem; border-top: 1px solid var(--line); }
@media (max-width: 38rem) {
  .tiles { grid-template-columns: 1fr 1fr; gap: .5rem; }
  .tile { padding: .625rem .75rem; }
  .tile b { font-size: 1.375rem; }
  .op { display: block; }
  .op span { display: block; }
  .parts tr {
    display: grid; grid-template-columns: 1fr 5.5rem 5.25rem;
    border-bottom: 1px solid var(--line); padding: .375rem 0;
  }
  .parts tr > * { border: 0; padding: 0; }
  .parts tr > :nth-child(1) { color: var(--soft); }
  .parts tr > :nth-child(2) { grid-area: 2 / 1 / 3 / 4; }
  .scroll { font-size: .8125rem; }
}
@media print { figure, tr, .tile { break-inside: avoid; } }
"""
